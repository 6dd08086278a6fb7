# The container image of Dataflow's workers (run_dataflow.sh --image), which also starts a Flex template:
#
#   docker build -t IMAGE . && docker push IMAGE
#
# Python, Beam and Pillow must have the versions of the submitting machine (--build-arg sets them): a worker with
# another Pillow refuses to start.
ARG PYTHON=3.11
ARG BEAM=2.77.0
ARG LAUNCHER=python311-template-launcher-base:latest
FROM gcr.io/dataflow-templates-base/${LAUNCHER} AS launcher

FROM apache/beam_python${PYTHON}_sdk:${BEAM}
ARG BEAM
ARG PILLOW=12.3.0
WORKDIR /opt/downsampled-open-images
COPY setup.py pyproject.toml README.md LICENSE image_resizer.py ./
COPY pipeline pipeline
COPY transforms transforms
RUN pip install --no-cache-dir "apache-beam[gcp]==${BEAM}" "pillow==${PILLOW}" ".[check]" && pip check

COPY --from=launcher /opt/google/dataflow/python_template_launcher /opt/google/dataflow/python_template_launcher
ENV FLEX_TEMPLATE_PYTHON_PY_FILE=/opt/downsampled-open-images/image_resizer.py
