#!/usr/bin/env bash
# Make a dataset on a Flink cluster. See usage below, and docs/clusters.md for the preparation.
set -euo pipefail

usage() {
  cat <<'HELP'
usage: ./run_flink.sh --flink_master HOST:8081 -i gs://BUCKET/train -o gs://MINE/train512 [-s 512 256 ...]
       ./run_flink.sh --local_cluster N -i photos -o small [-s 512 256 ...]

Resize images on a Flink cluster: install the required packages, start Beam's job server, submit the job, and follow
it until it ends. Run the same command again to continue a job that was stopped.

  --flink_master HOST:PORT  the address of the cluster's REST interface and web page; Flink 1.19
                            (or FLINK_MASTER in the environment)
  --local_cluster N         start a cluster with N TaskManagers on this machine, for this run only
  --shared_filesystem       local paths refer to the same files on every host of the cluster
  --image IMAGE             TaskManagers run workers from this image, built from the Dockerfile, with Docker (or IMAGE);
                            without it, they start image_resizer_worker, which must be installed on their hosts at the
                            same path as here
  --parallelism N           the number of parallel tasks; by default, the number of free slots
  --job_endpoint HOST:PORT  use this Beam job server instead of starting one
  --estimate [N]            estimate the time and the output size without submitting a job
  --help                    print this help

All other flags are those of image_resizer (docs/flags.md) or of Beam. INPUT and OUTPUT replace -i and -o.
HELP
}

refuse() {
  echo "run_flink.sh: $1" >&2
  exit 2
}

# value_of FLAG VALUE ...: print the value, or refuse a flag without one.
value_of() {
  [[ $# -ge 2 && $2 != --* ]] || refuse "$1 needs a value: add one"
  printf '%s' "$2"
}

master=${FLINK_MASTER:-} image=${IMAGE:-} input=${INPUT:-} output=${OUTPUT:-} cluster="" shared="" estimate="" args=()

while [[ $# -gt 0 ]]; do
  name=${1%%=*}
  case $name in
    --flink-master | --local-cluster | --shared-filesystem | --job-endpoint | --in-dir | --out-dir)  # hyphens are underscores
      underscored=${name:2}
      set -- "--${underscored//-/_}${1#"$name"}" "${@:2}" ;;
  esac
  case $1 in
    -h | --help) usage; exit ;;
    --flink_master=* | --local_cluster=* | --image=*) set -- "${1%%=*}" "${1#*=}" "${@:2}" ;;
    --flink_master) master=$(value_of "$@"); shift 2 ;;
    --local_cluster) cluster=$(value_of "$@"); shift 2 ;;
    --image) image=$(value_of "$@"); shift 2 ;;
    --shared_filesystem) shared=1; shift ;;
    -i | --in_dir | --in_dir=*) input=""; args+=("$1"); shift ;;
    -o | --out_dir | --out_dir=*) output=""; args+=("$1"); shift ;;
    --estimate | --estimate=*) estimate=1; args+=("$1"); shift ;;
    *) args+=("$1"); shift ;;
  esac
done

[[ -z $cluster ]] || [[ -z $master ]] \
  || refuse "--local_cluster $cluster and --flink_master $master contradict each other: use only one of them (FLINK_MASTER counts)"
[[ -z $cluster ]] || [[ -z $image ]] \
  || refuse "--image '$image' has no effect with --local_cluster, whose workers run on this machine: leave it out"

here=$(dirname "$(readlink -f "$0")")  # the script may be a link

if [[ -n $estimate ]]; then
  make --silent --directory "$here" .venv/.installed
  exec "$here/.venv/bin/python" "$here/image_resizer.py" \
    ${input:+-i "$input"} ${output:+-o "$output"} ${args[@]+"${args[@]}"}
fi

[[ -n $cluster$master ]] || refuse "--flink_master is missing: specify HOST:PORT of the cluster, set FLINK_MASTER, or use --local_cluster N"

make --silent --directory "$here" install-flink
exec "$here/.venv/bin/python" "$here/image_resizer.py" --runner FlinkRunner \
  ${cluster:+--local_cluster "$cluster"} ${master:+--flink_master "$master"} \
  ${shared:+--shared_filesystem} \
  ${image:+--environment_type DOCKER --environment_config "$image"} \
  ${input:+-i "$input"} ${output:+-o "$output"} ${args[@]+"${args[@]}"}
