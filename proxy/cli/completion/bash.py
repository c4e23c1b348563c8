"""Completion in bash: click's own inserts names as they are, and bash would split or run them."""

from __future__ import annotations

import os
import re

import click
from click.shell_completion import BashComplete, CompletionItem, add_completion_class, split_arg_string

SCRIPT = """\
%(complete_func)s() {
    local line
    COMPREPLY=()
    while IFS= read -r line; do
        case $line in
            '') ;;
            file) compopt -o default; COMPREPLY=(); return 0 ;;
            *) COMPREPLY+=("$line") ;;
        esac
    done < <(_UNDERSTUDY_LINE="${COMP_LINE:0:COMP_POINT}" _UNDERSTUDY_BREAKS="$COMP_WORDBREAKS" \\
        %(complete_var)s=bash_complete "$1" 2>/dev/null)
}

complete -o nosort -F %(complete_func)s %(prog_name)s
"""
_SPECIAL_IN_QUOTES = re.compile(r'[$`"\\]')
_SPECIAL = re.compile(r"[^\w@%+=:,./-]")


@add_completion_class
class QuotingBashComplete(BashComplete):
    """bash, whose words are read from the line itself, as bash takes names with colons apart."""

    name = "bash"
    source_template = SCRIPT

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the whole words before the cursor, and the one that is being written, without its quotes."""
        line = os.environ.get("_UNDERSTUDY_LINE", "")
        words = split_arg_string(line)[1:]
        self._written = _find_last_word(line)
        incomplete = words.pop() if self._written and words else ""
        return words, incomplete

    def format_completion(self, item: CompletionItem) -> str:
        """Return the line for an item: quoted, without what bash has taken off as words of their own."""
        if item.type == "file":
            return "file"
        written = self._written
        if written.startswith("'"):  # bash closes the quotation
            return "" if "'" in item.value else str(item.value)
        if written.startswith('"'):
            return _SPECIAL_IN_QUOTES.sub(lambda found: f"\\{found[0]}", item.value)
        quoted = _SPECIAL.sub(lambda found: f"\\{found[0]}", item.value)
        breaks = os.environ.get("_UNDERSTUDY_BREAKS", "")
        end = max((written.rfind(one) for one in ":=@" if one in breaks), default=-1) + 1
        return quoted[end:] if quoted.startswith(written[:end]) else quoted


def _find_last_word(line: str) -> str:
    """Return the word at the end of a line as it is written; "" if a new one begins."""
    start, quote, position = 0, "", 0
    while position < len(line):
        character = line[position]
        if character == "\\" and quote != "'":
            position += 1
        elif quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character.isspace():
            start = position + 1
        position += 1
    return line[start:]


def make_script(shell: str, command: click.Command) -> str:
    """Return the script that makes a shell complete this command."""
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    assert found is not None, shell
    return found(command, {}, "understudy", "_UNDERSTUDY_COMPLETE").source()
