"""Taking a definition along: to copy, to save, to download."""

from base64 import b64encode
from collections.abc import Callable

import ipywidgets as w

from phyllome_nb.domain.spec import DomainSpec
from phyllome_nb.domain.virsh import LEFT_OUT, without_secrets
from phyllome_nb.errors import DefinitionError, NotKept
from phyllome_nb.host.host import Host
from phyllome_nb.html import Html, el
from phyllome_nb.panels.calls import Calls
from phyllome_nb.panels.save import save
from phyllome_nb.panels.work import Work
from phyllome_nb.xml.document import to_text

__all__ = ["Leave"]

KINDS = {"Python": "py", "virsh": "sh", "virt-install": "sh", "XML": "xml", "web page": "html"}
"""What it can be taken along as, and how a file of it ends."""
ROWS = 24
"""So many lines are shown at once."""
MOST = 30
"""Seconds that writing may take: the disk may be far away."""
OUTSIDE = "on the machine where this notebook's kernel runs"


class Leave:
    """The definition as Python, a command or a file, made when it is asked for; ``widget`` is the view.

    What is shown and downloaded has no passwords. A saved file of XML has them, and only its owner may read it.

    Parameters
    ----------
    host : Host
        The host that the commands name.
    spec : callable
        Gives the definition as it is.
    page : callable
        Gives the definition as a web page.
    calls : Calls
        Passes on what a person does.
    """

    def __init__(self, host: Host, spec: Callable[[], DomainSpec], page: Callable[[], str], calls: Calls) -> None:
        self._host = host
        self._spec = spec
        self._page = page
        self._made = self._named = ""
        self.kind = w.Dropdown(
            options=[("choose …", ""), *((kind, kind) for kind in KINDS)],
            description="Take along as",
            style={"description_width": "initial"},
            layout=w.Layout(width="auto"),
        )
        self.text = w.Textarea(
            description="To copy: Ctrl+A, Ctrl+C",
            continuous_update=False,
            style={"description_width": "initial"},
            layout=w.Layout(width="100%", display="none"),
        )
        self.text.add_class("phy-leave")
        self.note = w.HTML()
        self.name = w.Text(
            description="File name",
            style={"description_width": "initial"},
            layout=w.Layout(width="24em"),
        )
        self.save = w.Button(description="Write the file", tooltip=f"Save it {OUTSIDE}", layout=w.Layout(width="auto"))
        self.replace = w.Button(
            description="Replace it",
            tooltip="Put it in the place of the file that is there",
            button_style="danger",
            layout=w.Layout(width="auto", display="none"),
        )
        self.link = w.HTML()
        self.making, self.saving = Work(), Work()
        self._file = w.HBox(
            [self.name, self.save, self.replace, self.link],
            layout=w.Layout(display="none", align_items="baseline", flex_flow="row wrap", grid_gap="0.5em"),
        )
        self.widget = w.VBox([self.kind, self.making.widget, self.note, self.text, self._file, self.saving.widget])
        calls.changed(self.kind, lambda _: self._choose())
        calls.changed(self.text, self._put_back)
        calls.changed(self.name, lambda _: self._ask(False))
        calls.pressed(self.save, self._save)
        calls.pressed(self.replace, lambda: self._save(replace=True))

    def refresh(self) -> None:
        """Show the definition as it is now; costs nothing while nothing is chosen."""
        kind = self.kind.value
        if kind == "web page":
            self.making.run("Making the page", MOST, self._page, self._have_page)
        elif kind:
            try:
                self._have(_as_text(kind, self._spec(), self._host.uri))
            except DefinitionError as error:
                self._have("", str(error))

    def _choose(self) -> None:
        self._ask(False)
        self.saving.say(Html())
        self.making.say(Html())
        self._have("")
        self.refresh()

    def _have_page(self, made: str) -> Html:
        """Show the page, unless something else was chosen meanwhile."""
        if self.kind.value == "web page":
            self._have(made)
        return Html()

    def _have(self, made: str, refused: str = "") -> None:
        """Show what was made, or why nothing was."""
        kind = self.kind.value
        self._made = made
        page = kind == "web page"
        self.text.value = "" if page else made
        self.text.rows = min(made.count("\n") + 2, ROWS)
        self.text.layout.display = "" if made and not page else "none"
        self._file.layout.display = "" if made else "none"
        self.note.value = el("div", _notes(kind, made, self._spec(), refused)) if kind else ""
        if made:
            self._name(kind)
            self.link.value = _download(self._suggested(kind), made, "text/html" if page else "text/plain")

    def _suggested(self, kind: str) -> str:
        name = (self._spec().name or "vm").replace("/", "_")
        return f"{name}.{KINDS[kind]}"

    def _name(self, kind: str) -> None:
        """Suggest a name for the file, unless the person typed one."""
        suggested = self._suggested(kind)
        if self.name.value in {"", self._named}:
            self.name.value = suggested
        self._named = suggested

    def _put_back(self, typed: str) -> None:
        """What is there to be copied is not to be changed."""
        shown = "" if self.kind.value == "web page" else self._made
        if typed != shown:
            self.text.value = shown

    def _ask(self, exists: bool) -> None:
        self.replace.layout.display = "" if exists else "none"

    def _save(self, *, replace: bool = False) -> None:
        """Write the file; XML with its passwords."""
        if self.saving.busy or not self._made:
            return
        name, whole = self.name.value.strip(), self.kind.value == "XML"
        text = self._spec().to_xml() if whole else self._made
        self._ask(False)
        self.saving.run(f"Saving {name}", MOST, lambda: _saved(name, text, whole, replace), self._have_saved)

    def _have_saved(self, outcome: tuple[Html, bool]) -> Html:
        said, exists = outcome
        self._ask(exists)
        if exists:
            self.replace.focus()
        return said


def _as_text(kind: str, spec: DomainSpec, uri: str) -> str:
    match kind:
        case "Python":
            return spec.to_python()
        case "virsh":
            return spec.to_virsh(uri)
        case "virt-install":
            return spec.to_virt_install(uri)
        case _:
            return to_text(without_secrets(spec.__place__.anchor)[0])


def _notes(kind: str, made: str, spec: DomainSpec, refused: str) -> Html:
    """What has to be known of what is shown."""
    if refused:
        return el("span", refused, class_="phy-warning")
    secret = bool(without_secrets(spec.__place__.anchor)[1])
    said = []
    if kind == "web page" and made:
        said.append("The page is made: save or download it.")
    if kind == "XML" and secret:
        said.append(f"Passwords are left out here. Save writes them {OUTSIDE}, to a file that only you may read.")
    elif secret:
        said.append(LEFT_OUT.removeprefix("# ").strip())
    return el("span", " ".join(said), class_="phy-quiet")


def _download(name: str, text: str, kind: str) -> Html:
    data = b64encode(text.encode("utf-8", "surrogatepass")).decode("ascii")
    return el("a", f"Download {name}", download=name, href=f"data:{kind};charset=utf-8;base64,{data}")


def _saved(name: str, text: str, private: bool, replace: bool) -> tuple[Html, bool]:
    """What came of saving, and whether a file was in the way."""
    if not name:
        return el("span", "Type a name for the file.", class_="phy-error"), False
    try:
        path = save(name, text, private=private, replace=replace)
    except FileExistsError:
        said = f"There is a file {name!r} already. Replace it, or type another name."
        return el("span", said, class_="phy-warning"), True
    except NotKept as error:
        return el("span", str(error), class_="phy-error"), False
    who = ", its passwords included; only you may read it" if private else ""
    return el("span", f"Saved {path} {OUTSIDE}{who}.", class_="phy-done"), False
