#!/bin/sh
# Posts what the hook is told to a web hook, as JSON.
#
#   hooks:
#     - name: web-hook
#       phase: post-promotion
#       command: [/etc/bongsu/hooks/post-promotion.sh, "https://hooks.example.com/redis"]
set -eu
url=${1:?the address to post to}

if [ "$BONGSU_DRY_RUN" = 1 ]; then
    echo "would post to $url:"
    exec cat
fi
exec curl --fail --silent --show-error --max-time 5 --header 'Content-Type: application/json' --data-binary @- "$url"
