# The container image of Dataflow's workers (run_dataflow.sh --image), which also starts a Flex template:
#
#   docker build -t IMAGE . && docker push IMAGE
#
# Python, Beam and Pillow must have the versions of the submitting machine (--build-arg sets them): a worker with
# another Pillow refuses to start. The first stage compiles the C extension. The image itself needs no compiler:
# --build-arg BASE=python:3.11-slim makes it smaller.
ARG PYTHON=3.11
ARG BEAM=2.77.0
ARG BASE=apache/beam_python${PYTHON}_sdk:${BEAM}
ARG LAUNCHER=python311-template-launcher-base:latest
FROM gcr.io/dataflow-templates-base/${LAUNCHER} AS launcher

FROM apache/beam_python${PYTHON}_sdk:${BEAM} AS compiler
WORKDIR /project
COPY setup.py pyproject.toml README.md LICENSE image_resizer.py ./
COPY pipeline pipeline
COPY transforms transforms
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels . && python -m zipfile -l /wheels/*.whl | grep _resample

FROM ${BASE}
ARG BEAM
ARG PILLOW=12.3.0
# heif and jxl too, where the submitting machine has them.
ARG EXTRAS=check
COPY --from=compiler /wheels /wheels
RUN pip install --no-cache-dir "apache-beam[gcp]==${BEAM}" "pillow==${PILLOW}" "$(echo /wheels/*.whl)[${EXTRAS}]" && pip check

COPY --from=compiler /opt/apache/beam /opt/apache/beam
ENTRYPOINT ["/opt/apache/beam/boot"]

COPY --from=launcher /opt/google/dataflow/python_template_launcher /opt/google/dataflow/python_template_launcher
COPY image_resizer.py /opt/downsampled-open-images/
ENV FLEX_TEMPLATE_PYTHON_PY_FILE=/opt/downsampled-open-images/image_resizer.py
