"""The networks and machine-learning models of study 1, by the names of the paper."""

from soilbook.models.attention import FALSTM, FTALSTM, TALSTM
from soilbook.models.cnn import CNN
from soilbook.models.gan import GANLSTM
from soilbook.models.hybrids import CNNLSTM, LSTMCNN, CNNWithLSTM
from soilbook.models.lstm import LSTM
from soilbook.models.machine_learning import (
    ExtremeLearningMachine,
    random_forest,
    support_vector,
)
from soilbook.models.transformer import Transformer

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
