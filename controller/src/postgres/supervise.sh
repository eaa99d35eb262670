# Runs initdb and postgres for as long as the pipe on standard input is open.
#
# Arguments: the private folder, the folder of the server's programs, the method
# of authentication, then the arguments of postgres.  The parent holds the other end of the pipe; the kernel
# closes it however the parent ends, kill -9 included, and then the server stops
# and the folder goes.  The exit status of what ended is left in <folder>/exited.
dir=$1 bin=$2 auth=$3
shift 3
cd "$dir" || exit 1
umask 077
exec 3<&0

child='' signal='' stopping=''
trap 'stopping=1; [ -z "$child" ] || kill -"$signal" "$child" 2>/dev/null' TERM INT HUP

# A builtin read in a subshell: no program has to exist for it, nothing to leak.
{ read -r _ <&3; kill -TERM "$$"; } 2>/dev/null &
reader=$!

# supervise SIGNAL COMMAND...: runs the command; SIGNAL is what stops it.
supervise() {
    signal=$1
    shift
    [ -z "$stopping" ] || return 1
    "$@" </dev/null >>"$dir/server.log" 2>&1 3<&- &
    child=$!
    # A stop that came between the test above and here saw no child yet.
    [ -z "$stopping" ] || kill -"$signal" "$child"
    # A trapped signal ends wait early; only a child that is gone ends the loop.
    while :; do
        wait "$child"
        status=$?
        kill -0 "$child" 2>/dev/null || break
    done
    child=''
    return "$status"
}

# SIGQUIT is PostgreSQL's immediate shutdown: nothing here is worth a checkpoint.
supervise TERM "$bin/initdb" --pgdata="$dir/data" --username=postgres \
    --pwfile="$dir/password" --auth="$auth" --encoding=UTF8 --locale=C \
    --no-sync --no-instructions &&
    supervise QUIT "$bin/postgres" -D "$dir/data" "$@"
echo "$?" >"$dir/exited.new" && mv "$dir/exited.new" "$dir/exited"

# The parent may still want to read the log.
while [ -z "$stopping" ]; do
    wait "$reader"
    kill -0 "$reader" 2>/dev/null || break
done
cd /
rm -rf -- "$dir"
