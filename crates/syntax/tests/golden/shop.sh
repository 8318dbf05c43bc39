#!/usr/bin/env bash
# Builds the shop.
set -eu
source ./helpers.sh
. "lib/more.sh"

LIMIT=3
export NAME="a shop"

# Finds one.
find_one() {
  local name=$1
  if [ -f "$name" ] && is_ready "$name"; then
    echo "found $name in $LIMIT"
  elif [ -z "$name" ]; then
    return 1
  else
    log_it "nothing was found"
  fi
  for item in $(list_all); do
    case "$item" in
      tea) brew "$item" ;;
      *) continue ;;
    esac
  done
  cat file | sort_it
}

function main { find_one "$@" || exit 1; }
main "$@"
