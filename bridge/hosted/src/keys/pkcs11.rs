//! The keys of a token behind a PKCS#11 module: a library of its vendor, which this process loads.
//!
//! A library may crash this process. The marks are in a file that outlives that; the service manager starts it again.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11 as Module};
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::eddsa::{EddsaParams, EddsaSignatureScheme};
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::RawAuthPin;
use zeroize::Zeroizing;

use super::{Beside, KeyFault, KeyStore};

/// More than any vote extension that is signed.
const LONGEST: usize = 2 << 20;

/// In front of a public key: an OCTET STRING of 32 bytes (PKCS#11 3.0, CKA_EC_POINT of an Edwards key).
const POINT: [u8; 2] = [0x04, 32];

/// What GET_VERSION says.
const TARGET: u8 = 17;

/// Which token of a module is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token {
    /// The one with this label.
    Label(String),
    /// The one in the slot of this number.
    Slot(u64),
}

/// By what a key of a token is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// Its label (CKA_LABEL).
    Label(String),
    /// Its id (CKA_ID).
    Id(Vec<u8>),
}

/// A token, with a session that is logged in.
pub struct Pkcs11 {
    session: Session,
    /// The key that each number is.
    names: BTreeMap<u32, Named>,
    /// Handles of private keys; they live as long as the session.
    handles: HashMap<u32, ObjectHandle>,
    beside: Beside,
    /// Given back after the session, by the order of these fields.
    _user: User,
}

impl Pkcs11 {
    /// Loads the module, finds the token and logs in. `names` says which key each number is.
    ///
    /// # Errors
    /// *Absent* if the module cannot be loaded or has no such token. *Denied* if the PIN is wrong: it must not be tried
    /// again by itself, since a token locks itself after a few. Nothing is left open.
    pub fn open(
        module: &Path,
        token: &Token,
        pin: &Zeroizing<Vec<u8>>,
        names: BTreeMap<u32, Named>,
        beside: Beside,
    ) -> Result<Self, KeyFault> {
        let place = place(module);
        let (loaded, mut user) = load(module, &place)?;
        let session = match log_in(&loaded, token, pin) {
            // A module may know the tokens of its beginning alone.
            Err(KeyFault::Absent(why)) => {
                user = renewed(&place, user, &why)?;
                log_in(&loaded, token, pin)?
            }
            found => found?,
        };
        Ok(Self { session, names, handles: HashMap::new(), beside, _user: user })
    }

    /// The one object of this class that the key `index` is.
    fn object(&self, class: ObjectClass, index: u32) -> Result<ObjectHandle, KeyFault> {
        let name = match self.names.get(&index).ok_or(KeyFault::NoKey(index))? {
            Named::Label(label) => Attribute::Label(label.clone().into_bytes()),
            Named::Id(id) => Attribute::Id(id.clone()),
        };
        let template = [Attribute::Class(class), Attribute::KeyType(KeyType::EC_EDWARDS), name];
        match self.session.find_objects(&template).map_err(|error| fault(&error))?[..] {
            [] => Err(KeyFault::NoKey(index)),
            [one] => Ok(one),
            // Which of them is the validator's, nobody here can tell.
            [..] => Err(KeyFault::Broken(format!(
                "several keys of the token are called {:?}",
                self.names[&index]
            ))),
        }
    }

    fn private(&mut self, index: u32) -> Result<ObjectHandle, KeyFault> {
        if let Some(known) = self.handles.get(&index) {
            return Ok(*known);
        }
        let found = self.object(ObjectClass::PRIVATE_KEY, index)?;
        self.handles.insert(index, found);
        Ok(found)
    }
}

impl KeyStore for Pkcs11 {
    fn secret(&mut self, message: &[u8]) -> Result<[u8; 32], KeyFault> {
        Ok(self.beside.secret(message))
    }

    fn ping(&mut self) -> Result<(), KeyFault> {
        self.session.get_session_info().map(drop).map_err(|error| fault(&error))
    }

    fn longest(&self) -> usize {
        LONGEST
    }

    fn target(&self) -> u8 {
        TARGET
    }

    fn public_key(&mut self, index: u32) -> Result<[u8; 32], KeyFault> {
        let object = self.object(ObjectClass::PUBLIC_KEY, index)?;
        let found =
            self.session.get_attributes(object, &[AttributeType::EcPoint]).map_err(|error| fault(&error))?;
        let point = found.into_iter().find_map(|attribute| match attribute {
            Attribute::EcPoint(point) => Some(point),
            _ => None,
        });
        // Some modules leave the two bytes in front out.
        let point = point.unwrap_or_default();
        let key = point.strip_prefix(&POINT).unwrap_or(&point);
        key.try_into()
            .map_err(|_| KeyFault::Broken(format!("the public key has {} bytes, not 32", key.len())))
    }

    fn sign(&mut self, index: u32, message: &[u8]) -> Result<[u8; 64], KeyFault> {
        let key = self.private(index)?;
        let mechanism = Mechanism::Eddsa(EddsaParams::new(EddsaSignatureScheme::Pure));
        let signature = self.session.sign(&mechanism, key, message).map_err(|error| fault(&error))?;
        let length = signature.len();
        signature.try_into().map_err(|_| KeyFault::Broken(format!("a signature of {length} bytes, not 64")))
    }

    fn forget(&mut self, index: u32) {
        self.handles.remove(&index);
    }
}

impl fmt::Debug for Pkcs11 {
    /// Never the session.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pkcs11").field("names", &self.names).finish_non_exhaustive()
    }
}

/// The modules that are loaded. They stay: a library that started threads may not be unloaded under them. A library is
/// initialized once a process, until it is finalized.
static LOADED: Mutex<Vec<(PathBuf, Place)>> = Mutex::new(Vec::new());

/// Where a module stands once it is loaded. Each has a lock of its own: a library that hangs keeps no other one waiting.
type Place = Arc<Mutex<Option<Loaded>>>;

/// Whoever may be in a call of a module, or has a session of it.
type User = Arc<()>;

struct Loaded {
    module: Module,
    begun: Begun,
    /// Every user has a clone of it.
    users: User,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Begun {
    /// By us.
    Ours,
    /// By other code of this process, which may have sessions too.
    Elsewhere,
    /// It was ended, and did not begin again.
    Not,
}

fn load(path: &Path, place: &Place) -> Result<(Module, User), KeyFault> {
    let mut place = place.lock().unwrap_or_else(PoisonError::into_inner);
    let absent =
        |error: &Error| KeyFault::Absent(format!("the module {} cannot be loaded: {error}", path.display()));
    if place.is_none() {
        let module = Module::new(path).map_err(|error| absent(&error))?;
        let begun = begin(&module).map_err(|error| absent(&error))?;
        *place = Some(Loaded { module, begun, users: User::default() });
    }
    let Some(loaded) = &mut *place else { return Err(KeyFault::Broken("no module".to_owned())) };
    if loaded.begun == Begun::Not {
        loaded.begun = begin(&loaded.module).map_err(|error| no_start(&error))?;
    }
    Ok((loaded.module.clone(), loaded.users.clone()))
}

fn begin(module: &Module) -> Result<Begun, Error> {
    match module.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
        Ok(()) => Ok(Begun::Ours),
        Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => Ok(Begun::Elsewhere),
        Err(error) => Err(error),
    }
}

fn no_start(error: &Error) -> KeyFault {
    KeyFault::Absent(format!("its module does not begin anew: {error}"))
}

/// Ends the module and begins it anew, so that it looks for its tokens again. `why` it did not find one. Not while anybody else
/// of this process uses it: all sessions of the module end.
fn renewed(place: &Place, user: User, why: &str) -> Result<User, KeyFault> {
    let mut place = place.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(loaded) = &mut *place else { return Err(KeyFault::Absent(why.to_owned())) };
    // The module's own, and this one.
    if loaded.begun != Begun::Ours || Arc::strong_count(&loaded.users) > 2 {
        return Err(KeyFault::Absent(format!(
            "{why}, and the module is not begun anew, since something else in this process uses it: once the token is there, restart the \
             daemon"
        )));
    }
    loaded.begun = Begun::Not;
    // Whatever it says, what counts is whether it begins.
    let _ = loaded.module.clone().finalize();
    loaded.begun = begin(&loaded.module).map_err(|error| no_start(&error))?;
    Ok(user)
}

fn log_in(module: &Module, token: &Token, pin: &Zeroizing<Vec<u8>>) -> Result<Session, KeyFault> {
    let slot = find(module, token)?;
    let session = module.open_ro_session(slot).map_err(|error| fault(&error))?;
    match session.login_with_raw(UserType::User, &RawAuthPin::new(Box::new(pin.to_vec()))) {
        // The login is of the process: an older session of ours may still be there.
        Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(session),
        Err(error) => Err(fault(&error)),
    }
}

fn place(path: &Path) -> Place {
    // One library under two names is one.
    let path = &path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let mut known = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, place)) = known.iter().find(|(known, _)| known == path) {
        return place.clone();
    }
    let place = Place::default();
    known.push((path.to_owned(), place.clone()));
    place
}

fn find(module: &Module, token: &Token) -> Result<Slot, KeyFault> {
    let slots = module.get_slots_with_token().map_err(|error| fault(&error))?;
    let is_meant = |slot: &Slot| match token {
        Token::Slot(number) => slot.id() == *number,
        Token::Label(label) => module.get_token_info(*slot).is_ok_and(|info| info.label() == label),
    };
    match slots.iter().filter(|slot| is_meant(slot)).collect::<Vec<_>>()[..] {
        [] => Err(KeyFault::Absent(format!("no token is {token:?}"))),
        [one] => Ok(*one),
        [..] => Err(KeyFault::Broken(format!("several tokens are {token:?}"))),
    }
}

fn fault(error: &Error) -> KeyFault {
    use RvError::{
        DeviceRemoved, PinExpired, PinIncorrect, PinInvalid, PinLenRange, PinLocked, SessionClosed,
        SessionHandleInvalid, SlotIdInvalid, TokenNotPresent, TokenNotRecognized, UserNotLoggedIn,
        UserPinNotInitialized,
    };
    let Error::Pkcs11(word, _) = error else { return KeyFault::Broken(error.to_string()) };
    match word {
        PinIncorrect | PinInvalid | PinLenRange => KeyFault::Denied("the PIN is wrong".to_owned()),
        PinLocked => KeyFault::Denied("the token is locked: too many wrong PINs".to_owned()),
        PinExpired | UserPinNotInitialized => {
            KeyFault::Denied("the token has no PIN that is valid".to_owned())
        }
        DeviceRemoved | TokenNotPresent | TokenNotRecognized | SlotIdInvalid | SessionClosed
        | SessionHandleInvalid | UserNotLoggedIn => KeyFault::Absent(error.to_string()),
        _ => KeyFault::Broken(error.to_string()),
    }
}
