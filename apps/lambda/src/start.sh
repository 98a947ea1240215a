#!/bin/sh
# What the image runs: `serve` is the HTTP server, anything else is a handler for Lambda, as in index.handler.
if [ "$1" = serve ]; then
  exec node "${0%/*}/serve.js"
fi
# On Lambda, what the base's own entry point does there, without a second shell to wait for.
if [ -n "$AWS_LAMBDA_RUNTIME_API" ] && [ -x /var/runtime/bootstrap ]; then
  export _HANDLER="$1"
  exec /var/runtime/bootstrap
fi
exec /lambda-entrypoint.sh "$@"
