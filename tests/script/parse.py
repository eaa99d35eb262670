"""Parses PowerShell scripts, and fails on the first that is none.

    parse.py SCRIPT...

First it makes sure that the parser can say no: each script with one brace taken away must fail.
"""

import pathlib
import sys

import tree_sitter
import tree_sitter_powershell

PARSER = tree_sitter.Parser(tree_sitter.Language(tree_sitter_powershell.language()))


def faults(source):
    """Where the source is not PowerShell, as lines from 1."""
    found = []
    nodes = [PARSER.parse(source).root_node]
    while nodes:
        node = nodes.pop()
        if node.type == "ERROR" or node.is_missing:
            found.append(node.start_point.row + 1)
        nodes.extend(node.children)
    return found


def main(paths):
    for path in paths:
        source = pathlib.Path(path).read_bytes()
        brace = source.rindex(b"{")
        if not faults(source[:brace] + source[brace + 1 :]):
            sys.exit(f"{path}: the parser takes it without its last brace")
        for line in faults(source):
            sys.exit(f"{path}:{line}: not PowerShell")
        print(f"{path}: {source.count(b'function ')} functions, no fault")


if __name__ == "__main__":
    main(sys.argv[1:])
