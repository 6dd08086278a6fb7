#!/usr/bin/env bash
# Submit a run to Dataflow. See usage below, and docs/dataflow.md for the preparation.
set -euo pipefail

usage() {
  cat <<'HELP'
usage: ./run_dataflow.sh --project P --region R -i gs://BUCKET/train -o gs://MINE/train512 [-s 512 256 ...]

Resize the images of a bucket on Dataflow: package this project, submit the job, print the URL of its page, and
exit. The job writes the whole dataset without a connection to this machine. Run the same command again to continue a
job that was stopped.

  --project P          the project to bill                 (or PROJECT in the environment)
  --region R           the region of the job and the bucket (or REGION)
  --temp_location GS   the folder for staged files; by default, Beam creates a bucket without soft delete
                                                           (or TEMP_LOCATION)
  --image IMAGE        run workers from this image, built from the Dockerfile, without installing packages (or IMAGE)
  --flex_template GS   build a Flex template at GS from --image without submitting a job; needs gcloud
  --wait               follow the job until it ends, and exit with 0 if the dataset is complete
  --estimate [N]       estimate the time and the cost without submitting a job
  --no_use_public_ips  run workers without public IP addresses; needs --image
  --flexrs_goal COST_OPTIMIZED    use cheaper machines that start within six hours
  --help               print this help

All other flags are those of image_resizer (docs/flags.md) or of Beam. INPUT and OUTPUT replace -i and -o.
HELP
}

refuse() {
  echo "run_dataflow.sh: $1" >&2
  exit 2
}

# value_of FLAG VALUE ...: print the value, or refuse a flag without one.
value_of() {
  [[ $# -ge 2 && $2 != --* ]] || refuse "$1 needs a value: add one"
  printf '%s' "$2"
}

project=${PROJECT:-} region=${REGION:-} temp_location=${TEMP_LOCATION:-} image=${IMAGE:-}
input=${INPUT:-} output=${OUTPUT:-} template="" estimate="" args=()

while [[ $# -gt 0 ]]; do
  name=${1%%=*}
  case $name in
    --temp-location | --flex-template | --in-dir | --out-dir)  # hyphens are underscores
      underscored=${name:2}
      set -- "--${underscored//-/_}${1#"$name"}" "${@:2}" ;;
  esac
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

here=$(dirname "$(readlink -f "$0")")  # the script may be a link

if [[ -n $template ]]; then
  [[ -n $image ]] || refuse "--flex_template needs --image: add the image, built from the Dockerfile, that the template starts"
  [[ $template == gs://*/* ]] || refuse "--flex_template '$template' is not a Cloud Storage path: use one such as gs://mine/resize.json"
  [[ ${#args[@]} -eq 0 ]] || refuse "'${args[0]}' has no effect with --flex_template, which submits no job: leave it out"
  command -v gcloud >/dev/null || refuse "--flex_template needs gcloud, which is not installed: install it"
  exec gcloud dataflow flex-template build "$template" --image "$image" --sdk-language PYTHON \
    --metadata-file "$here/flex_template.json" ${project:+--project "$project"}
fi

if [[ -z $estimate ]]; then
  [[ -n $project ]] || refuse "--project is missing: specify it, or set PROJECT"
  [[ -n $region ]] || refuse "--region is missing: specify the region of the bucket, such as us-central1, or set REGION"
fi
# Beam needs a folder below the bucket.
if [[ $temp_location =~ ^gs://[^/]+$ ]]; then temp_location+=/; fi

make --silent --directory "$here" install-dataflow
exec "$here/.venv/bin/python" "$here/image_resizer.py" --runner DataflowRunner \
  ${project:+--project "$project"} ${region:+--region "$region"} \
  ${temp_location:+--temp_location "$temp_location"} ${image:+--sdk_container_image "$image"} \
  ${input:+-i "$input"} ${output:+-o "$output"} ${args[@]+"${args[@]}"}
