"""Taking a definition along: commands that a shell reads back, a page that stands alone, files, and no password."""

import base64
import json
import os
import re
import resource
import shutil
import stat
import subprocess
from collections.abc import Callable
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import ipywidgets as w
import pytest
from playwright.sync_api import Page, expect

import phyllome_nb as ph
from phyllome_nb.capacity import view
from phyllome_nb.domain.virsh import virsh_define
from phyllome_nb.errors import NotKept, ParseError
from phyllome_nb.export.definition_page import definition_page
from phyllome_nb.panels.calls import Calls
from phyllome_nb.panels.leave import Leave
from phyllome_nb.panels.save import save
from phyllome_nb.rules.finding import Findings
from support.axe import violations
from support.browser import open_notebook, run_all
from support.notebook import tab_to, write
from support.panel import walk

SESAME = "open sesame"
SECONDS = 20
HOSTILE = '<img src=x onerror=alert(1)> & "it\'s"'


def guarded() -> ph.DomainSpec:
    """A definition with a password."""
    spec = ph.profiles.linux(name="web", memory="4 GiB", vcpus=4)
    spec.devices.graphics[0].passwd = SESAME
    return spec


class Open:
    """A view of one definition, and how often its page was made."""

    def __init__(self, spec: ph.DomainSpec) -> None:
        self.spec = spec
        self.pages = 0
        self.leave = Leave(ph.demo(), lambda: self.spec, self._page, Calls())

    def _page(self) -> str:
        self.pages += 1
        return definition_page(self.spec)

    def choose(self, kind: str) -> str:
        """Choose how it is taken along, and return what is then there to copy."""
        self.leave.kind.value = kind
        self.settle()
        return str(self.leave.text.value)

    def settle(self) -> None:
        """Wait until nothing is being made or saved."""
        assert self.leave.making.idle.wait(SECONDS)
        assert self.leave.saving.idle.wait(SECONDS)

    def press(self, button: w.Button) -> str:
        """Press a button, and return what is then said of the file."""
        button.click()
        self.settle()
        return re.sub("<[^>]*>", "", self.leave.saving.widget.children[1].value)

    @property
    def note(self) -> str:
        """What is said of what is shown."""
        return unescape(re.sub("<[^>]*>", "", self.leave.note.value))

    @property
    def downloaded(self) -> str:
        """What the link gives."""
        (data,) = re.findall(r"base64,([^\"]*)", self.leave.link.value)
        return base64.b64decode(data).decode()

    def offers_to_replace(self) -> bool:
        """Whether the button that replaces a file is there."""
        return bool(self.leave.replace.layout.display == "")


@pytest.fixture
def opened() -> Open:
    """The view of a Linux VM with a password."""
    return Open(guarded())


# virsh


@pytest.mark.parametrize("said", ["plain", "$HOME `id` $(id) \\", "XML", "a\nXML\nXML_\nb", "ünï 'q' \"d\""])
def test_a_shell_gives_virsh_the_xml_to_the_letter(said: str) -> None:
    """What sh hands to virsh is the definition, whatever words are in it."""
    spec = ph.DomainSpec("web")
    spec.description = said
    program = f"virsh() {{ cat; }}\n{spec.to_virsh('qemu:///system')}\n"
    done = subprocess.run(["sh", "-c", program], capture_output=True, check=True)
    assert done.stdout.decode() == spec.to_xml() + "\n"
    assert not done.stderr


@pytest.mark.parametrize("uri", ["qemu:///system", "qemu+ssh://me@host/system?a=b&c='d'", "x; touch /tmp/oh no"])
def test_a_shell_gives_virsh_the_address_as_one_word(uri: str) -> None:
    """No address is read as more than an address."""
    program = f'virsh() {{ printf \'%s\\n\' "$#" "$@"; }}\n{ph.DomainSpec("web").to_virsh(uri)}\n'
    done = subprocess.run(["sh", "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["4", "--connect", uri, "define", "/dev/stdin"]


def test_virsh_itself_defines_it() -> None:
    """Where there is a virsh, it defines the VM on libvirt's own test driver."""
    if not shutil.which("virsh"):
        pytest.skip("virsh is not on this machine")
    spec = ph.DomainSpec.from_xml(
        "<domain type='test'><name>web</name><memory>4096</memory><os><type>hvm</type></os></domain>"
    )
    done = subprocess.run(["sh", "-c", spec.to_virsh("test:///default")], capture_output=True, text=True, check=True)
    assert "web" in done.stdout


def test_passwords_stay_behind_and_the_command_says_so() -> None:
    """There is no password in the command, and its first line is a comment about that; without one there is none."""
    command = guarded().to_virsh("qemu:///system")
    assert SESAME not in command
    assert "passwd" not in command
    assert command.startswith("# Passwords are left out")
    assert ph.profiles.linux(name="web").to_virsh("qemu:///system").startswith("virsh ")


def test_a_text_is_taken_as_well_and_must_be_a_definition() -> None:
    """The XML itself will do; what is none is refused."""
    assert "<name>a</name>" in virsh_define("<domain><name>a</name></domain>", "test:///default")
    with pytest.raises(ParseError):
        virsh_define("<network/>", "test:///default")


# The page


class Reader(HTMLParser):
    """What a page has in it: its elements, what they load, and its words."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.loads: list[str] = []
        self.handlers: list[str] = []
        self.words = self._in = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.tags.add(tag)
        self._in = tag
        self.loads += [value or "" for name, value in attrs if name in {"src", "href"}]
        self.handlers += [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        """Note the words, but for the style."""
        self.words += data if self._in != "style" else ""


def read(page: str) -> Reader:
    """Read a page as a browser would."""
    reader = Reader()
    reader.feed(page)
    return reader


def test_the_page_stands_alone_and_says_it_all() -> None:
    """Title, findings, effect, meaning of each line, and the Python are there; nothing is run or loaded."""
    spec, snapshot = guarded(), ph.demo().snapshot()
    spec.vcpus.current = 9
    page = definition_page(spec, spec.findings(snapshot), view.effect(snapshot, spec))
    seen = read(page)
    assert not seen.loads
    assert not seen.tags & {"script", "link", "img", "iframe"}
    assert "url(" not in page
    assert "@import" not in page
    finding = spec.findings(snapshot)[0]
    for words in (finding.what, finding.id, "vCPUs for each CPU", "memory.maximum: ", "import phyllome_nb as ph"):
        assert words in seen.words
    assert SESAME not in page


def test_the_page_says_nothing_of_what_it_was_not_told() -> None:
    """Without findings and effect there is no heading for them; no findings at all are said to be none."""
    bare = read(definition_page(ph.DomainSpec("web"))).words
    assert "rules" not in bare
    assert "for the host" not in bare
    assert "Nothing." in read(definition_page(ph.DomainSpec("web"), Findings())).words


def test_no_name_becomes_markup() -> None:
    """A title, a description or a text for the effect that looks like HTML is shown as it was written."""
    spec = ph.DomainSpec("web")
    spec.title = spec.description = HOSTILE
    seen = read(definition_page(spec, spec.findings(), HOSTILE))
    assert not seen.handlers
    assert "img" not in seen.tags
    assert seen.words.count("onerror") >= 3


# The view


def test_nothing_is_made_before_it_is_asked_for(opened: Open) -> None:
    """While nothing is chosen, a refresh makes no text and no page."""
    opened.leave.refresh()
    opened.settle()
    assert opened.pages == 0
    assert not opened.leave.text.value
    assert opened.leave.text.layout.display == "none"


def test_each_kind_is_there_to_copy_and_to_download(opened: Open) -> None:
    """The text is what the definition's own methods give, and the link gives the same."""
    uri = opened.leave._host.uri
    made = {
        "Python": opened.spec.to_python(),
        "virsh": opened.spec.to_virsh(uri),
        "virt-install": opened.spec.to_virt_install(uri),
    }
    for kind, text in made.items():
        assert opened.choose(kind) == text
        assert opened.downloaded == text
    xml = opened.choose("XML")
    assert not ph.DomainSpec.from_xml(xml).diff(ph.profiles.linux(name="web", memory="4 GiB", vcpus=4))


def test_what_is_shown_follows_the_definition(opened: Open) -> None:
    """After a change and a refresh the text is that of the definition as it is."""
    opened.choose("Python")
    opened.spec.vcpus.maximum = 3
    opened.leave.refresh()
    assert opened.leave.text.value == opened.spec.to_python()


def test_the_page_is_saved_and_not_shown(opened: Open) -> None:
    """A page is no text to copy: it is made in the background, and can be downloaded."""
    assert opened.choose("web page") == ""
    assert opened.pages == 1
    assert opened.downloaded == definition_page(opened.spec)
    assert opened.leave.text.layout.display == "none"


def test_a_page_that_comes_late_does_not_stand_in_for_something_else(opened: Open) -> None:
    """What was chosen last is what is shown, also where a page is made slowly."""
    opened.leave.kind.value = "web page"
    assert opened.choose("Python") == opened.spec.to_python()
    assert opened.downloaded == opened.spec.to_python()


def test_what_is_there_to_copy_cannot_be_changed(opened: Open) -> None:
    """What somebody types into the text goes away again."""
    before = opened.choose("virsh")
    opened.leave.text.value = before + "oops"
    assert opened.leave.text.value == before


def test_what_is_not_possible_says_why(opened: Open) -> None:
    """Where there is no line of virt-install there is a sentence in its place, until there is a line again."""
    opened.spec.type = "lxc"
    assert opened.choose("virt-install") == ""
    assert "type 'lxc'" in opened.note
    assert opened.leave._file.layout.display == "none"
    opened.spec.type = "kvm"
    opened.leave.refresh()
    assert opened.leave.text.value
    assert opened.leave._file.layout.display == ""


def test_a_saved_notebook_has_no_password_in_it(opened: Open) -> None:
    """Whatever is chosen, no widget holds the password, plain or in a link."""
    for kind in ("Python", "virsh", "virt-install", "XML", "web page"):
        opened.choose(kind)
        state = json.dumps([_state(widget) for widget in walk(opened.leave.widget)])
        assert SESAME not in state
        assert SESAME not in opened.downloaded
        assert kind == "web page" or "asswords are left out" in opened.note


def _state(widget: Any) -> dict[str, str]:
    return {name: str(value) for name, value in widget.get_state().items()}


def test_every_control_has_a_name(opened: Open) -> None:
    """A screen reader can tell what each is."""
    inputs = [
        each for each in walk(opened.leave.widget) if isinstance(each, w.Dropdown | w.Textarea | w.Text | w.Button)
    ]
    assert len(inputs) == 5
    assert all(each.description for each in inputs)


# Files


def test_xml_is_saved_whole_for_its_owner_alone(opened: Open, tmp_path: Path) -> None:
    """The file has the password, nobody else may read it, and the view says both and where the file is."""
    opened.choose("XML")
    path = tmp_path / "web.xml"
    opened.leave.name.value = str(path)
    said = opened.press(opened.leave.save)
    assert ph.DomainSpec.from_xml(path.read_text("utf-8")) == opened.spec
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert str(path) in said
    assert "passwords included; only you may read it" in said


@pytest.mark.parametrize("kind", ["Python", "virsh", "virt-install", "web page"])
def test_anything_else_is_saved_as_it_is_shown(opened: Open, tmp_path: Path, kind: str) -> None:
    """The file is what the link gives, without passwords."""
    opened.choose(kind)
    path = tmp_path / "file"
    opened.leave.name.value = str(path)
    opened.press(opened.leave.save)
    assert path.read_text("utf-8") == opened.downloaded


def test_a_file_is_replaced_only_by_a_second_press(opened: Open, tmp_path: Path) -> None:
    """A file that is there stays; the press that replaces it is another button's, and goes when the name changes."""
    opened.choose("XML")
    path, other = tmp_path / "web.xml", tmp_path / "other.xml"
    path.write_text("precious")
    opened.leave.name.value = str(path)
    assert "already" in opened.press(opened.leave.save)
    assert path.read_text() == "precious"
    assert opened.offers_to_replace()
    opened.leave.name.value = str(other)
    assert not opened.offers_to_replace()
    opened.leave.name.value = str(path)
    opened.press(opened.leave.save)
    assert "Saved" in opened.press(opened.leave.replace)
    assert path.read_text("utf-8") == opened.spec.to_xml()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not opened.offers_to_replace()
    assert [each.name for each in tmp_path.iterdir()] == ["web.xml"]


def test_the_name_that_is_suggested_gives_way_to_one_that_was_typed(opened: Open) -> None:
    """The name follows the VM's and the kind until somebody types another."""
    opened.spec = ph.DomainSpec.from_xml("<domain type='kvm'><name>a/b</name></domain>")
    opened.choose("XML")
    assert opened.leave.name.value == "a_b.xml"
    opened.choose("virsh")
    assert opened.leave.name.value == "a_b.sh"
    opened.leave.name.value = "mine"
    opened.choose("Python")
    assert opened.leave.name.value == "mine"


def test_what_keeps_a_file_from_being_written_is_said_in_a_sentence(opened: Open, tmp_path: Path) -> None:
    """No name, no directory, a directory in its place, one that is none: each says what to do; nothing is left."""
    opened.choose("XML")
    for name, said in {
        "": "Type a name",
        str(tmp_path / "missing" / "web.xml"): "There is no directory",
        str(tmp_path): "is a directory",
        "a\0b": "is no name for a file",
        "~nobody-of-that-name/x": "is no name for a file",
        str(tmp_path / ("x" * 300)): "was not written",
    }.items():
        opened.leave.name.value = name
        answer = opened.press(opened.leave.save)
        assert said in answer
        assert "Traceback" not in answer
    assert not list(tmp_path.iterdir())


def as_nobody(work: Callable[[], object]) -> str:
    """What a process without rights says when it does something."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.setuid(65534)
        try:
            answer = str(work())
        except NotKept as error:
            answer = str(error)
        os.write(writing, answer.encode())
        os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    with os.fdopen(reading) as said:
        return said.read()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give up its rights")
def test_a_directory_of_others_says_that_it_is_not_yours() -> None:
    """Without permission there is a sentence about that."""
    assert "You may not write to" in as_nobody(lambda: save("/etc/web.xml", "x"))


def test_a_full_disk_leaves_what_was_there(tmp_path: Path) -> None:
    """A file that does not fit is not half there, and the one that it was to replace is whole."""
    path = tmp_path / "web.xml"
    path.write_text("precious")
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, limit[1]))
    try:
        with pytest.raises(NotKept, match="no room left"):
            save(str(path), "x" * 4096, replace=True)
        with pytest.raises(NotKept, match="no room left"):
            save(str(tmp_path / "new.xml"), "x" * 4096)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert path.read_text() == "precious"
    assert [each.name for each in tmp_path.iterdir()] == ["web.xml"]


# In a browser

CELL = """
import ipywidgets as w
import phyllome_nb as ph
from phyllome_nb.export.definition_page import definition_page
from phyllome_nb.html import Html, style
from phyllome_nb.panels.calls import Calls
from phyllome_nb.panels.leave import Leave

spec = ph.profiles.linux(name="web", memory="4 GiB", vcpus=4)
leave = Leave(ph.demo(), lambda: spec, lambda: definition_page(spec), Calls())
panel = w.VBox([w.HTML(Html(f"<style>{style()}</style>")), leave.widget])
panel.add_class("phyllome")
panel
"""


def test_the_keyboard_suffices_to_copy_save_and_download(page: Page, lab: str, root: Path) -> None:
    """Chosen, marked whole, saved and downloaded without a mouse; axe-core finds nothing to mend."""
    open_notebook(page, lab, write(root, CELL))
    assert run_all(page) == ["[1]:"]
    choice = page.get_by_label("Take along as")
    choice.focus()
    choice.select_option("virt-install")
    text = page.get_by_label("To copy")
    expect(text).to_have_value(re.compile("^virt-install"))
    tab_to(page, "To copy: Ctrl+A, Ctrl+C")
    page.keyboard.press("Control+a")
    marked = page.evaluate("document.activeElement.selectionEnd - document.activeElement.selectionStart")
    assert marked == len(text.input_value())
    assert violations(page) == []
    tab_to(page, "File name")
    tab_to(page, "Write the file")
    page.keyboard.press("Enter")
    expect(page.locator(".phy-done")).to_contain_text("Saved")
    assert (root / "web.sh").read_text("utf-8") == text.input_value()
    tab_to(page, "Download web.sh")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert download.value.suggested_filename == "web.sh"
    assert Path(download.value.path()).read_text("utf-8") == text.input_value()
