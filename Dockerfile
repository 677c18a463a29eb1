# avatar_rtc in a container:
#   docker build -t avatar-rtc .                              without a GPU, 1.3 GB
#   docker build -t avatar-rtc --build-arg VARIANT=cuda .     with NVIDIA's, 6 GB; run it with --gpus all
# turn/compose.yaml runs it beside a TURN server.
ARG VARIANT=cpu

FROM debian:bookworm-slim AS base
RUN apt-get update \
 && apt-get install -y --no-install-recommends python3 ca-certificates \
 && rm -rf /var/lib/apt/lists/*

FROM base AS tools
RUN apt-get update && apt-get install -y --no-install-recommends python3-venv
# The environment has no pip of its own: this one fills it. Modules are compiled when they are first used, into the
# cache: 0.2 GB less.
RUN python3 -m venv /tools && python3 -m venv --without-pip /opt/avatar-rtc
ENV PIP_PYTHON=/opt/avatar-rtc/bin/python PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
COPY constraints.txt .

FROM tools AS packages-cpu
# PyPI's torch for Linux brings CUDA, 4 GB more. Alone, for this index has not all of what it needs.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
# What compiles and tests torch itself is left out: 0.2 GB.
RUN /tools/bin/pip install --no-compile --constraint constraints.txt --index-url "$TORCH_INDEX" --no-deps torch \
 && cd /opt/avatar-rtc/lib/python3*/site-packages/torch \
 && rm -rf include test bin/test_* bin/protoc*

FROM tools AS packages-cuda
RUN /tools/bin/pip install --no-compile --constraint constraints.txt torch

FROM packages-${VARIANT} AS packages
# Of pyproject.toml: voices that speak at once; "kokoro,japanese,openvino" are others.
ARG EXTRAS=espeak,natural,disclosure
COPY . .
RUN /tools/bin/pip install --no-compile --constraint constraints.txt ".[$EXTRAS]"

FROM base AS server
RUN useradd --uid 10001 --create-home avatar-rtc \
 && install --directory --owner 10001 --group 10001 /cache /data /coturn
COPY --from=packages /opt/avatar-rtc /opt/avatar-rtc
ENV PATH=/opt/avatar-rtc/bin:$PATH \
    AVATAR_RTC_CACHE=/cache \
    PYTHONPYCACHEPREFIX=/cache/pyc \
    XDG_CACHE_HOME=/cache \
    XDG_DATA_HOME=/data \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility,video \
    READY_URL=http://127.0.0.1:8080/readyz
USER avatar-rtc
WORKDIR /data
# Weights and voices that are fetched; characters, and students that are made.
VOLUME ["/cache", "/data"]
EXPOSE 8080/tcp
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(os.environ['READY_URL'], timeout=4)"]
ENTRYPOINT ["avatar-rtc"]
CMD ["serve", "--host", "0.0.0.0"]
