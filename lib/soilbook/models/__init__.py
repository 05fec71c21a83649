"""The ten networks, the machine-learning models and the baselines of study 1 by name."""

from soilbook.models import classical, networks
from soilbook.models.cells import VARIANTS
from soilbook.models.classical import climatology, day_of_year_means, persistence

# NETWORKS[name](n_features, n_steps=4, variant="paper") -> nn.Module, in the order of Tables 3-6.
NETWORKS = {
    "1D-CNN": networks.CNN,
    "LSTM": networks.LSTM,
    "Transformer": networks.Transformer,
    "LSTM-CNN": networks.LSTMCNN,
    "CNN-LSTM": networks.CNNLSTM,
    "CNN-with-LSTM": networks.CNNWithLSTM,
    "FA-LSTM": networks.FALSTM,
    "TA-LSTM": networks.TALSTM,
    "FTA-LSTM": networks.FTALSTM,
    "GAN-LSTM": networks.GANLSTM,
}

# MACHINE_LEARNING[name](seed) -> object with fit(x, y) and predict(x), in the order of Table 2.
MACHINE_LEARNING = {
    "RF": classical.random_forest,
    "ELM": classical.ExtremeLearningMachine,
    "SVR": classical.support_vector,
}
