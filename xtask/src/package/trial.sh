# Installs the package as an operator would, adds a chain, upgrades, removes and purges, and looks at what stays.
set -eu
cd /tmp
export PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive
fail() { echo "trial: $*"; exit 1; }
is() { [ "$2" = "$3" ] || fail "$1: $2, not $3"; }
owner() { stat -c '%U:%G %a' "$1"; }
there() { [ -e "$1" ] || fail "$1 is not there"; }
gone() { [ ! -e "$1" ] || fail "$1 is still there"; }
# What must outlive everything.
kept() { find /var/lib/highwater /etc/highwater -type f ! -name '*.sock' -exec sha256sum {} + | sort; }

# This machine may have the package already.
dpkg --purge highwater >/dev/null 2>&1 || true
rm -rf /etc/highwater /var/lib/highwater

dpkg --install first.deb
is "the state directory" "$(owner /var/lib/highwater)" "highwater:highwater 700"
is "the configuration's folder" "$(owner /etc/highwater)" "root:highwater 750"
is "the folder of the sockets" "$(owner /run/privval)" "root:root 755"
is "the groups of the signer" "$(id -nG highwater)" "highwater privval"
is "the program" "$(owner /usr/bin/highwater)" "root:root 755"
unit=/usr/lib/systemd/system/highwater.service
for file in "$unit" /usr/lib/udev/rules.d/70-highwater.rules /usr/share/doc/highwater/install.md /usr/share/doc/highwater/reference/log.md \
    /usr/share/doc/highwater/README.md /usr/share/doc/highwater/examples/highwater.toml /usr/share/doc/highwater/copyright \
    /usr/share/doc/highwater/examples/highwater.rules.yml /usr/share/doc/highwater/examples/highwater.json \
    /usr/share/man/man1/highwater.1.gz /usr/share/man/man1/highwater-chain-add.1.gz \
    /usr/share/bash-completion/completions/highwater /usr/share/fish/vendor_completions.d/highwater.fish \
    /usr/share/zsh/vendor-completions/_highwater; do
    there "$file"
    is "$file" "$(owner "$file")" "root:root 644"
done
gone /etc/highwater/highwater.toml
[ ! -e /etc/systemd/system/multi-user.target.wants/highwater.service ] || fail "the unit was enabled by itself"
if command -v systemd-analyze >/dev/null; then
    systemd-analyze verify "$unit"
    systemd-analyze security --offline=true --threshold=19 "$unit" | tail -1
fi

# A chain on the simulated device, by the signer's user.
printf 'state_dir = "/var/lib/highwater"\n[device]\ntransport = "simulated"\n' > /etc/highwater/highwater.toml
chmod 640 /etc/highwater/highwater.toml
chgrp highwater /etc/highwater/highwater.toml
as() { setpriv --reuid highwater --regid highwater --init-groups env HOME=/ HIGHWATER_SIM_APPROVE=1 highwater "$@"; }
as chain add trial-1 --key-index 0 --next-height 1
printf '[[chain]]\nid = "trial-1"\n' >> /etc/highwater/highwater.toml
key=$(as pubkey trial-1)
before=$(kept)

dpkg --install second.deb
is "the version" "$(dpkg-query -W -f='${Version}' highwater)" "$(dpkg-deb -f second.deb Version)"
is "what an upgrade leaves" "$(kept)" "$before"
is "the key after an upgrade" "$(as pubkey trial-1)" "$key"
is "the state directory after an upgrade" "$(owner /var/lib/highwater)" "highwater:highwater 700"
before=$(kept)

dpkg --remove highwater
gone /usr/bin/highwater
gone "$unit"
is "what a removal leaves" "$(kept)" "$before"
dpkg --purge highwater
is "what a purge leaves" "$(kept)" "$before"

dpkg --install first.deb
is "the key after all that" "$(as pubkey trial-1)" "$key"
echo "trial: installed, upgraded, removed, purged and installed again; what the signer had written stayed"
