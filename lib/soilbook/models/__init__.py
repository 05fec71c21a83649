"""The ten networks, the machine-learning models and the baselines of study 1 by name."""

from soilbook.models.attention import FALSTM, FTALSTM, TALSTM
from soilbook.models.baselines import climatology, day_of_year_means, persistence
from soilbook.models.basic import CNN, LSTM, Transformer
from soilbook.models.cells import VARIANTS
from soilbook.models.gan import GANLSTM
from soilbook.models.hybrids import CNNLSTM, LSTMCNN, CNNWithLSTM
from soilbook.models.machine_learning import (
    ExtremeLearningMachine,
    random_forest,
    support_vector,
)

# NETWORKS[name](n_features, n_steps=4, variant="paper") -> nn.Module, in the order of Tables 3-6.
NETWORKS = {
    "1D-CNN": CNN,
    "LSTM": LSTM,
    "Transformer": Transformer,
    "LSTM-CNN": LSTMCNN,
    "CNN-LSTM": CNNLSTM,
    "CNN-with-LSTM": CNNWithLSTM,
    "FA-LSTM": FALSTM,
    "TA-LSTM": TALSTM,
    "FTA-LSTM": FTALSTM,
    "GAN-LSTM": GANLSTM,
}

# MACHINE_LEARNING[name](seed) -> object with fit(x, y) and predict(x), in the order of Table 2.
MACHINE_LEARNING = {
    "RF": random_forest,
    "ELM": ExtremeLearningMachine,
    "SVR": support_vector,
}


__all__ = [
    "MACHINE_LEARNING",
    "NETWORKS",
    "VARIANTS",
    "climatology",
    "day_of_year_means",
    "persistence",
]
