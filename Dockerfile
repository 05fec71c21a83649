# The book's environment with JupyterLab, for Docker, devcontainers and Binder; runs as a plain user.
#   docker build -t soilbook . && docker run --rm -p 8888:8888 soilbook
FROM python:3.12-slim-bookworm

# g++ compiles the training step, git tells provenance the commit.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends g++ git make \
    && rm -rf /var/lib/apt/lists/*

# Binder gives name and number of its user.
ARG NB_USER=reader
ARG NB_UID=1000
RUN adduser --disabled-password --gecos "" --uid ${NB_UID} ${NB_USER}
ENV USER=${NB_USER} HOME=/home/${NB_USER} VIRTUAL_ENV=/home/${NB_USER}/.venv
ENV PATH=${VIRTUAL_ENV}/bin:${PATH}

COPY --chown=${NB_UID}:${NB_UID} . ${HOME}/soilbook
WORKDIR ${HOME}/soilbook
USER ${NB_USER}

# CPU builds of PyTorch; for a GPU: --build-arg PIP_EXTRA_INDEX_URL=
ARG PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu
RUN python -m venv ${VIRTUAL_ENV} \
    && pip install --no-cache-dir --disable-pip-version-check -c constraints.txt -e ".[lab]" \
    && git config --global --add safe.directory ${HOME}/soilbook

EXPOSE 8888
CMD ["jupyter", "lab", "--ip=0.0.0.0", "--no-browser"]
