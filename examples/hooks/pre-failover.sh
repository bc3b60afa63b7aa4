#!/bin/sh
# Stops failovers while a file says so: create it before work on the network, remove it afterwards.
#
#   hooks:
#     - name: maintenance
#       phase: pre-failover
#       command: [/etc/bongsu/hooks/pre-failover.sh, /run/bongsu/no-failover]
set -eu
file=${1:?the file that stops failovers}

if [ -e "$file" ]; then
    # The first line is shown in the events and in `bongsu hooks`.
    echo "$file exists: $(head -n 1 "$file")"
    exit 75
fi
echo "$BONGSU_NEW_MASTER_HOST:$BONGSU_NEW_MASTER_PORT may become the master of $BONGSU_GROUP"
