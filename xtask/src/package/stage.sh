# Makes a root that is a copy of this machine's and runs the trial in it. In a mount namespace of its own: all of it is gone
# with this shell. $1: a folder with trial.sh, first.deb and second.deb.
no() { echo "no root of its own: $*"; exit 75; }
folder=$1
mkdir -p "$folder/layer"
mount -t tmpfs tmpfs "$folder/layer" || no "tmpfs cannot be mounted"
mkdir "$folder/layer/upper" "$folder/layer/work" "$folder/layer/root"
root=$folder/layer/root
mount -t overlay overlay -o "lowerdir=/,upperdir=$folder/layer/upper,workdir=$folder/layer/work" "$root" \
    || no "overlayfs cannot be mounted"
mount --rbind /dev "$root/dev" && mount -t proc proc "$root/proc" && mount -t tmpfs tmpfs "$root/run" \
    && mount -t tmpfs tmpfs "$root/tmp" || no "its /dev, /proc, /run or /tmp cannot be mounted"
cp "$folder/trial.sh" "$folder/first.deb" "$folder/second.deb" "$root/tmp"
echo "trial: begins"
exec chroot "$root" sh /tmp/trial.sh
