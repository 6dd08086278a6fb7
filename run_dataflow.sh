#!/usr/bin/env bash
# Submit a run to Dataflow: see the usage below, and docs/dataflow.md from an empty project to a dataset.
set -euo pipefail

usage() {
  cat <<'HELP'
usage: ./run_dataflow.sh --project P --region R -i gs://BUCKET/train -o gs://MINE/train512 [-s 512 256 ...]

Turns the images of a bucket into small ones on Dataflow: packages this project, submits the job, prints the
address of its page, and ends. The job writes the whole dataset by itself, so you can close the terminal. If a
job was cut off, the same command continues it.

  --project P          the project that pays               (or PROJECT in the environment)
  --region R           where it runs: the bucket's region  (or REGION)
  --temp_location GS   for staged files; without it Beam makes a bucket of its own, without soft delete
                                                           (or TEMP_LOCATION)
  --image IMAGE        an image built from the Dockerfile for the workers, which then install nothing (or IMAGE)
  --flex_template GS   build a Flex template at GS from --image, and submit nothing; needs gcloud
  --wait               follow the job to its end; the exit code says whether the dataset is complete
  --estimate [N]       print the cost and the duration of the job, and submit nothing
  --no_use_public_ips  workers without external addresses; needs --image
  --flexrs_goal COST_OPTIMIZED    cheaper machines, which start within six hours
  --help               print this text

Every other flag is image_resizer's (docs/flags.md) or Beam's. -i and -o can come from INPUT and OUTPUT.
HELP
}

refuse() {
  echo "run_dataflow.sh: $1" >&2
  exit 2
}

# value_of FLAG [VALUE ...]: print the value, or refuse a flag without one.
value_of() {
  [[ $# -ge 2 && $2 != --* ]] || refuse "$1 has no value: give one"
  printf '%s' "$2"
}

project=${PROJECT:-} region=${REGION:-} temp_location=${TEMP_LOCATION:-} image=${IMAGE:-}
input=${INPUT:-} output=${OUTPUT:-} template="" estimate="" args=()

while [[ $# -gt 0 ]]; do
  case $1 in
    -h | --help) usage; exit ;;
    --project=* | --region=* | --temp_location=* | --image=* | --flex_template=*) set -- "${1%%=*}" "${1#*=}" "${@:2}" ;;
    --project) project=$(value_of "$@"); shift 2 ;;
    --region) region=$(value_of "$@"); shift 2 ;;
    --temp_location) temp_location=$(value_of "$@"); shift 2 ;;
    --image) image=$(value_of "$@"); shift 2 ;;
    --flex_template) template=$(value_of "$@"); shift 2 ;;
    -i | --in_dir | --in_dir=*) input=""; args+=("$1"); shift ;;
    -o | --out_dir | --out_dir=*) output=""; args+=("$1"); shift ;;
    --estimate | --estimate=*) estimate=1; args+=("$1"); shift ;;
    *) args+=("$1"); shift ;;
  esac
done

here=$(cd "$(dirname "$0")" && pwd)

if [[ -n $template ]]; then
  [[ -n $image ]] || refuse "--flex_template needs an image to start: give --image IMAGE, built from the Dockerfile"
  [[ $template == gs://*/* ]] || refuse "--flex_template '$template' is not an object of a store: give one such as gs://mine/resize.json"
  command -v gcloud >/dev/null || refuse "--flex_template needs gcloud, which is not on the PATH: install it"
  exec gcloud dataflow flex-template build "$template" --image "$image" --sdk-language PYTHON \
    --metadata-file "$here/flex_template.json" ${project:+--project "$project"}
fi

if [[ -z $estimate ]]; then
  [[ -n $project ]] || refuse "--project is missing: give it, or set PROJECT"
  [[ -n $region ]] || refuse "--region is missing: give the region of the bucket, such as us-central1, or set REGION"
fi
# Beam refuses a bucket without a folder.
if [[ $temp_location =~ ^gs://[^/]+$ ]]; then temp_location+=/; fi

make --silent --directory "$here" install-dataflow
exec "$here/.venv/bin/python" "$here/image_resizer.py" --runner DataflowRunner \
  ${project:+--project "$project"} ${region:+--region "$region"} \
  ${temp_location:+--temp_location "$temp_location"} ${image:+--sdk_container_image "$image"} \
  ${input:+-i "$input"} ${output:+-o "$output"} ${args[@]+"${args[@]}"}
