//! `mark show`, `mark set`, `mark adopt`.

use highwater_core::hrs::Hrs;

use super::args::Form;
use super::terminal::Terminal;
use super::told::{self, Told as _};
use crate::failure::Failure;
use crate::operator::adopt::{self, Wanted};
use crate::operator::{Access, Chosen, mark};

pub(super) async fn show(config: &Chosen<'_>, id: &str, form: Form) -> Result<(), Failure> {
    let session = Access::open(config).await?.session().await?;
    told::Mark::of(mark::find(&session, id)?).tell(form)
}

pub(super) async fn set(
    config: &Chosen<'_>,
    id: &str,
    to: Hrs,
    below: Option<Hrs>,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let mark = mark::set(config, id, to, below, terminal).await?;
    say!("{id}: mark {mark}");
    Ok(())
}

pub(super) async fn adopt(
    config: &Chosen<'_>,
    wanted: Wanted<'_>,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let id = wanted.id;
    let adopted = adopt::adopt(config, wanted, terminal).await?;
    say!(
        "{id} adopted: installation {}, key {}, mark {}",
        hex::encode(adopted.installation),
        hex::encode(adopted.key),
        adopted.mark
    );
    if adopted.replaced {
        remark!(
            "next: remove {id} from the other device if it still works; two of one seed must never sign at once"
        );
    }
    Ok(())
}
