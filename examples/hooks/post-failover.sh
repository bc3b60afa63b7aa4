#!/bin/sh
# Keeps a history of failovers in a file, one line each.
#
#   hooks:
#     - name: history
#       phase: post-failover
#       command: [/etc/bongsu/hooks/post-failover.sh, /var/lib/bongsu/failovers]
set -eu
file=${1:?the file to write to}

line="$(date -u +%Y-%m-%dT%H:%M:%SZ) $BONGSU_GROUP epoch $BONGSU_EPOCH, $BONGSU_REASON:"
line="$line $BONGSU_OLD_MASTER_HOST:$BONGSU_OLD_MASTER_PORT -> $BONGSU_NEW_MASTER_HOST:$BONGSU_NEW_MASTER_PORT,"
line="$line $BONGSU_OUTCOME, ${BONGSU_LOST_BYTES:-unknown} bytes lost"
if [ "$BONGSU_DRY_RUN" = 1 ]; then
    echo "would write: $line"
    exit 0
fi
echo "$line" >> "$file"
