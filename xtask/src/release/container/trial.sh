# Builds the image and runs it. In the current folder: context (what the release archive has), base (files of a base image).
# The store of the images is below it too, and goes at the end.
set -eu
here=$(pwd)
b() { buildah --root "$here/store" --runroot "$here/run" --storage-driver vfs "$@"; }
fail() { echo "trial: $*"; exit 1; }
daemon=
end() {
    [ -z "$daemon" ] || kill -TERM "-$daemon" 2>/dev/null || true
    b rm --all >/dev/null 2>&1 || true
    b rmi --all --force >/dev/null 2>&1 || true
    rm -rf "$here/store" "$here/run"
}
trap end EXIT

from=$(b from scratch 2>&1) || { echo "no images here: $from"; exit 75; }
b copy --quiet "$from" base / >/dev/null
b commit --quiet "$from" localhost/base >/dev/null

b build --quiet --isolation chroot --build-arg BASE=localhost/base --tag localhost/highwater \
    --file context/packaging/container/Containerfile context >/dev/null
config() { b inspect --type image --format "{{.OCIv1.Config.$1}}" localhost/highwater; }
[ "$(config User)" = 65532:65532 ] || fail "it runs as $(config User)"
[ "$(config Entrypoint)" = "[/usr/bin/highwater]" ] || fail "it starts $(config Entrypoint)"
[ "$(config Cmd)" = "[run]" ] || fail "it does $(config Cmd)"
config Volumes | grep -q /var/lib/highwater || fail "its state is in no volume"

box=$(b from localhost/highwater)
root=$(b mount "$box")
[ "$(stat -c %u:%a "$root/var/lib/highwater")" = 65532:755 ] || fail "the state's folder: $(stat -c %u:%a "$root/var/lib/highwater")"
[ "$(stat -c %u:%a "$root/usr/bin/highwater")" = 0:755 ] || fail "the program: $(stat -c %u:%a "$root/usr/bin/highwater")"
[ ! -e "$root/bin/sh" ] || fail "this base has a shell, so the trial shows nothing"

# The packaged configuration, with a device and a chain that need no hardware.
mkdir -p config
port=$((20000 + $$ % 10000))
sed -e 's/"hid"/"simulated"/' -e "s/0.0.0.0:9660/0.0.0.0:$port/" context/packaging/container/highwater.toml > config/highwater.toml
chmod 755 config && chmod 644 config/highwater.toml
boxed="buildah --root $here/store --runroot $here/run --storage-driver vfs run --isolation chroot --env HIGHWATER_SIM_APPROVE=1 \
    --volume $here/config:/etc/highwater:ro $box -- /usr/bin/highwater"
in_box() { $boxed "$@"; }
in_box --version
in_box chain add trial-1 --key-index 0 --next-height 1 >/dev/null 2>&1 || fail "no chain could be added"
printf '[[chain]]\nid = "trial-1"\n' >> config/highwater.toml

# A group of its own, so that all of it can be ended.
setsid $boxed run > daemon.log 2>&1 < /dev/null &
daemon=$!
tries=0
until in_box status > status.txt 2>/dev/null; do
    tries=$((tries + 1))
    [ "$tries" -lt 60 ] || fail "no daemon answers: $(cat daemon.log)"
    sleep 0.5
done
grep -q trial-1 status.txt || fail "status: $(cat status.txt)"
grep -q "metrics are served on 0.0.0.0:$port" daemon.log || fail "no warning of metrics that all can read: $(cat daemon.log)"
python3 - "$port" <<'END' || fail "no metrics at port $port"
import sys, urllib.request
page = urllib.request.urlopen(f"http://127.0.0.1:{sys.argv[1]}/metrics", timeout=10).read()
assert b"highwater" in page, page[:200]
END
echo "trial: built without a shell in it, ran as 65532, added a chain, answered status and metrics"
