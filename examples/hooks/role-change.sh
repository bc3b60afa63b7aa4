#!/bin/sh
# Keeps a file for each node that holds its role, for whatever looks at files.
#
#   hooks:
#     - name: roles
#       phase: role-change
#       command: [/etc/bongsu/hooks/role-change.sh, /run/bongsu/roles]
set -eu
directory=${1:?the directory to write to}
file="$directory/$BONGSU_GROUP-$BONGSU_NODE_HOST-$BONGSU_NODE_PORT"

if [ "$BONGSU_DRY_RUN" = 1 ]; then
    echo "would write $BONGSU_ROLE to $file"
    exit 0
fi
mkdir -p "$directory"
# Replaced as a whole, so that nobody reads half of it.
echo "$BONGSU_ROLE" > "$file.new"
mv "$file.new" "$file"
