//! Of what an administrator does in a YubiHSM2.

use std::net::SocketAddr;
use std::path::Path;

/// This program cannot.
pub fn built_without_yubihsm() -> &'static str {
    "this program was built without transport \"yubihsm\": build it with `--features yubihsm`, or take the released one"
}

/// What is typed at the terminal.
pub fn ask_password(key: u16) -> String {
    format!("Password of the HSM's authentication key {key}: ")
}

/// Nobody is there to type it.
pub fn no_terminal_for_a_password() -> &'static str {
    "No terminal is here to type the administrator's password at. Name a file of it with `--admin-password-file FILE`, mode 0600."
}

/// The administrator's password is in no file of that name.
pub fn no_password_file(path: &Path) -> String {
    format!(
        "{} is not there: name the file of the administrator's password with `--admin-password-file FILE`, mode 0600, or leave that \
         away and type the password at the terminal",
        path.display()
    )
}

/// Nothing comes of an HSM. `at`: the address of its connector; none on USB.
pub fn hsm_unreached(at: Option<SocketAddr>, why: &str) -> String {
    match at {
        Some(at) => format!(
            "no YubiHSM2 is reached at {at} ({why}): start its connector on this host, or name where that listens with `--address \
             HOST:PORT`, or take `--usb any`"
        ),
        None => format!(
            "no YubiHSM2 is reached on USB ({why}): plug it in, stop a connector that has it, and name the serial number after `--usb` if \
             there are several"
        ),
    }
}

/// A new key wants a new file.
pub fn password_file_exists(path: &Path) -> String {
    format!(
        "{} is there already, and a password in use is never written over. Name another file, or move it away.",
        path.display()
    )
}

/// The id is taken.
pub fn auth_key_exists(id: u16) -> String {
    format!(
        "The HSM has an authentication key {id} already, or it is the administrator's. Name a free id with `--auth-key ID`."
    )
}

/// The key was made for something else.
pub fn key_may_not_sign(object: u16) -> String {
    format!(
        "Object {object} of the HSM has not the capability sign-eddsa, and no capability can be added. Name another object, or import \
         the key anew."
    )
}

/// What stands there.
pub fn key_in_hsm(object: u16, address: &str, leaves: bool) -> String {
    let leaves = match leaves {
        true => "It may leave the HSM, wrapped under a key of it: look after who has that wrap key.",
        false => "It cannot leave the HSM.",
    };
    format!("object {object} is the key of the address {address}. {leaves}")
}

/// Nothing stands there.
pub fn key_not_in_hsm(object: u16) -> String {
    format!(
        "object {object} is not in the HSM yet: make it there by the vendor's tool, or `highwater yubihsm import --from FILE --object \
         {object}`. \
         It has to be in the domain of this authentication key."
    )
}

/// Who has to read the file.
pub fn password_for_the_signer(path: &Path) -> String {
    format!(
        "next: put these lines into /etc/highwater/highwater.toml. The signer's user has to read the password and nobody else: `chown \
         highwater {path}`, or `LoadCredential=yubihsm.password:{path}` in the unit and password_file = \
         \"/run/credentials/highwater.service/yubihsm.password\"",
        path = path.display()
    )
}

/// Everybody is administrator.
pub fn factory_key(id: u16) -> String {
    format!(
        "DANGER: authentication key {id} of the factory is there with its password, which is \"password\": whoever reaches the \
         connector signs anything. Make an administrator of your own by the vendor's tool, then `highwater yubihsm delete-auth-key \
         {id}` by that one"
    )
}

/// The factory's key could not be looked for.
pub fn factory_key_unseen(id: u16, fault: &str) -> String {
    format!(
        "whether authentication key {id} of the factory is there with its password, which is \"password\", is not known ({fault}). If it is, \
         whoever reaches the connector signs anything: look with the vendor's tool, and delete it by an administrator of your own"
    )
}

/// The object is another key.
pub fn object_taken(object: u16) -> String {
    format!(
        "Object {object} of the HSM is another key, and none is written over. Name a free id with `--object ID`."
    )
}

/// Before a key goes there.
pub fn ask_import(address: &str, object: u16) -> String {
    format!("put the key of the address {address} into the HSM, as object {object}.")
}

/// What an import leaves.
pub fn imported_into_hsm(exportable: bool) -> String {
    let backup = match exportable {
        true => "It may leave the HSM, wrapped: make that backup now, by the vendor's tool.",
        false => {
            "It cannot leave the HSM, so there is no backup of it but the file: keep that offline, or with the HSM the key is \
                  gone."
        }
    };
    format!(
        "{backup} Every copy of the file can still sign. next: `highwater migrate` with the old signer's state and `--key-index N`, \
         then `highwater retire` with its state and key file"
    )
}

/// A key that this command needs.
pub fn own_auth_key(id: u16) -> String {
    format!(
        "Authentication key {id} is the one that this command, or this signer's configuration, logs in with. Name the old signer's."
    )
}

/// Before an authentication key goes.
pub fn ask_delete_auth_key(id: u16) -> String {
    format!("delete authentication key {id}: whoever signs by it signs no more.")
}

/// What is accepted.
pub const ACCEPTS: &str = "take what the HSM's log shows by now as known. You have looked on chain for two votes at one height and \
     round, and nobody else has the authentication key.";

/// What has to follow.
pub fn set_each_mark() -> &'static str {
    "next, before the daemon is started: `highwater mark set ID --last-signed H/R/STEP` for each chain, above all that anybody signed"
}

/// There is no audit.
pub fn nothing_to_accept() -> &'static str {
    "the configuration has no `transport = \"yubihsm\"` with `audit = true`, so no log is held against anything: nothing is there to \
     accept"
}

/// The device has its keys in itself.
pub fn no_store() -> &'static str {
    "`--key-index` is of a key that stays in its HSM or token, and the device of the configuration is neither: name a key file with \
     `--key FILE`, or a key that was imported with `--imported N`"
}

/// The configuration of another signer.
pub fn not_of_tmkms() -> &'static str {
    "`--tmkms FILE` is the configuration of tmkms, and `--from` names another signer: leave one of them away"
}

/// The configuration of another signer names its state by a relative path.
pub fn relative_state(config: &str, state: &Path) -> String {
    format!(
        "{config} has state_file = {state:?}, a path from the folder that tmkms is started in, which is not known here. Name the file \
         whole, with `--state /PATH/TO/FILE`: it is what tmkms writes after each vote."
    )
}

/// The chain's key is another one.
pub fn other_object(object: u16, index: u32) -> String {
    format!(
        "tmkms signs for this chain with object {object} of the HSM, and key number {index} of the configuration is another. Let a \
         [[device.key]] have object = {object}, and name its number with `--key-index N`."
    )
}

/// Both signers log in alike.
pub fn shared_auth_key(id: u16) -> String {
    format!(
        "tmkms logs in with authentication key {id}, and so does this configuration: then it cannot be locked out. Make one of our own \
         first, with `highwater yubihsm setup`."
    )
}

/// The lock that no restored disk undoes.
pub fn lock_out(auth_key: u16) -> String {
    format!(
        "next: lock tmkms out of the HSM, which no restored disk undoes: `highwater yubihsm delete-auth-key {auth_key} --admin-key ID`"
    )
}
