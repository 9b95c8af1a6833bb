"""What names a person by itself, by its pattern: one table, from a kind to how it is written and who says so.

A cell is searched, not only compared: an address in a sentence is found too.  Where ten digits may be anything, a check
digit alone says little (one number in ten has the right one): such kinds are `weak`, and a cell that is nothing but the
number counts only in a column of such numbers (`weak`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from runtime.data.deidentify import checksums

_START, _END = r"(?<![^\W_])", r"(?![^\W_])"  # no letter and no digit before, and none behind
_WHOLE = r"(?![^\W_]|[.,]\d*[1-9])"  # nor a fraction: some programs write whole numbers as 7.0
_NUMBER = r"(?<![^\W_])(?<![\d][.,-])(?<![.])"  # where a number begins, and no part of a longer one
_OCTET = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
_MONTH = r"(?:jan|feb|mar|mär|apr|may|mai|jun|jul|aug|sep|oct|okt|nov|dec|dez)\w*\.?"
_DAY = (
    r"(?:(?:1[89]|20)\d\d([-/.])(?:0?[1-9]|1[0-2])\1(?:0?[1-9]|[12]\d|3[01])"
    r"|(?:0?[1-9]|[12]\d|3[01])([-/.])(?:0?[1-9]|[12]\d|3[01])\2(?:(?:1[89]|20)\d\d|\d\d)"
    rf"|(?:0?[1-9]|[12]\d|3[01])\.?[ -]{_MONTH}[ -](?:1[89]|20)\d\d"
    rf"|{_MONTH}[ ](?:0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?,?[ ](?:1[89]|20)\d\d)"
)
_BORN = r"\b(?:born(?: on)?|d\.?o\.?b\b\.?|date of birth|birth ?date|geb(?:oren|\.)?(?: am)?|n[ée]e? le)[: ]{0,3}"
_COMPACT = r"(?:1[89]|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"


def _always(_: str) -> bool:
    return True


def _all_of_it(text: str) -> str:
    return text


@dataclass(frozen=True, slots=True)
class Kind:
    """`valid` decides on what `cut` leaves of what `pattern` has matched.

    No text is searched that has none of the characters in `needs`, or no `run` of so many digits.  In what is `sure`
    nothing else is looked for.
    """

    name: str
    source: str
    pattern: re.Pattern[str]
    valid: Callable[[str], bool] = _always
    needs: str = ""
    run: int = 0
    weak: bool = False
    sure: bool = False
    cut: Callable[[str], str] = _all_of_it

    def holds(self, text: str) -> bool:
        """Check digits are of ASCII; IGNORECASE has letters that are not."""
        return self.valid is _always or (text.isascii() and self.valid(text))


def _kind(
    name: str,
    source: str,
    pattern: str,
    valid: Callable[[str], bool] = _always,
    needs: str = "",
    run: int = 0,
    weak: bool = False,
    sure: bool = False,
    cut: Callable[[str], str] = _all_of_it,
) -> Kind:
    letters = any(map(str.isalpha, re.sub(r"\\.", "", pattern)))  # a search for digits is faster without
    return Kind(name, source, re.compile(pattern, re.IGNORECASE if letters else 0), valid, needs, run, weak, sure, cut)


def _no_date(text: str) -> bool:
    return not DAY.pattern.match(text)


DAY = _kind("full date", "45 CFR 164.514(b)(2)(i)(C)", rf"{_START}{_DAY}(?!\d)")
BIRTH = _kind("date of birth", "45 CFR 164.514(b)(2)(i)(C)", rf"{_START}(?:{_DAY}|{_COMPACT})(?!\d)")

KINDS = (
    _kind(
        "e-mail address",
        "RFC 5322, 3.4.1",
        r"(?<![\w.!#$%&'*+/=?^`{|}~-])[\w.!#$%&'*+/=?^`{|}~-]{1,64}@(?:\w[\w-]{0,62}\.){1,8}[^\W\d_]{2,63}",
        needs="@",
    ),
    _kind("web address", "RFC 3986", rf"{_START}(?:(?:https?|ftp)://[^\s/]|www\.[\w-]+\.\w)", needs="/."),
    _kind("IPv4 address", "RFC 791", rf"{_START}(?<!\.)(?:{_OCTET}\.){{3}}{_OCTET}{_END}(?!\.\d)", needs="."),
    _kind(
        "IPv6 address",
        "RFC 4291",
        r"(?<![\w:.])[0-9a-f]{0,4}:[0-9a-f]{0,4}:[0-9a-f:]{0,31}(?![\w:])",
        checksums.ipv6,
        needs=":",
    ),
    _kind(
        "MAC address",
        "IEEE 802",
        rf"{_START}(?<![-:])[0-9a-f]{{2}}([-:])(?:[0-9a-f]{{2}}\1){{4}}[0-9a-f]{{2}}{_END}(?![-:])",
        checksums.mac,
        needs="-:",
    ),
    _kind(
        "UUID", "RFC 9562", rf"{_START}[0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}{_END}", needs="-", sure=True
    ),
    _kind(
        "IBAN",
        "ISO 13616",
        rf"{_START}[a-z]{{2}}\d\d(?:[ -]?[a-z\d]){{11,30}}",
        checksums.iban,
        run=2,
        sure=True,
        cut=checksums.iban_of,
    ),
    _kind(
        "payment card",
        "ISO/IEC 7812",
        rf"{_NUMBER}(?:\d{{13,19}}|\d{{4}}([ -])(?:\d{{4}}\1){{2}}\d{{4}}(?:\1\d{{3}})?"
        rf"|\d{{4}}([ -])\d{{6}}\2\d{{4,5}}){_WHOLE}",
        checksums.card,
        run=4,
    ),
    _kind(
        "telephone number",
        "ITU-T E.164",
        r"(?<![\w+.])(?:\+[1-9](?:[ ()./-]{0,2}\d){7,14}|00[1-9](?:[ ()./-]{0,2}\d){8,14})(?!\w|\.\d)",
        needs="+0",
    ),
    _kind(
        "telephone number",
        "ITU-T E.123, national notation",
        r"(?<![\w+./-])\(?0[1-9]\d{0,4}\)?[ /-]{1,3}\d(?:[ /-]?\d){4,9}(?![\w.:])",
        _no_date,
        needs=" /-",
    ),
    _kind(
        "telephone number",
        "North American Numbering Plan",
        r"(?<![\w.-])(?:\([2-9]\d\d\) ?|[2-9]\d\d[-. ])[2-9]\d\d[-. ]\d{4}(?![\w-])",
        needs="-. ",
    ),
    _kind("date of birth", "45 CFR 164.514(b)(2)(i)(C)", rf"{_BORN}(?:{_DAY}|{_COMPACT})(?!\d)"),
    _kind(
        "US social security number",
        "SSA, POMS RM 10201",
        rf"{_START}(?<!-)\d{{3}}-\d\d-\d{{4}}{_END}(?!-)",
        checksums.ssn,
        needs="-",
    ),
    _kind(
        "UK NHS number",
        "NHS Data Dictionary",
        rf"{_NUMBER}\d{{3}}([ -])\d{{3}}\1\d{{4}}{_WHOLE}",
        checksums.nhs,
        " -",
        4,
    ),
    _kind("UK NHS number", "NHS Data Dictionary", rf"{_NUMBER}\d{{10}}{_WHOLE}", checksums.nhs, run=10, weak=True),
    _kind(
        "German tax number", "§ 139b AO", rf"{_NUMBER}[1-9]\d (?:\d{{3}} ){{2}}\d{{3}}{_WHOLE}", checksums.steuer, " "
    ),
    _kind("German tax number", "§ 139b AO", rf"{_NUMBER}[1-9]\d{{10}}{_WHOLE}", checksums.steuer, run=11, weak=True),
    _kind(
        "German health insurance number",
        "§ 290 SGB V",
        rf"{_START}[a-z]\d{{9}}{_END}",
        checksums.kvnr,
        run=9,
        weak=True,
    ),
    _kind(
        "French NIR",
        "INSEE",
        rf"{_NUMBER}[12] ?\d\d ?(?:0[1-9]|1[0-2]|[2-9]\d) ?(?:\d\d|2[ab]) ?\d{{3}} ?\d{{3}} ?\d\d{_WHOLE}",
        checksums.nir,
    ),
    _kind(
        "Italian fiscal code",
        "D.M. 23.12.1976",
        rf"{_START}[a-z]{{6}}[\dl-v]{{2}}[abcdehlmprst][\dl-v]{{2}}[a-z][\dl-v]{{3}}[a-z]{_END}",
        checksums.fiscal,
    ),
    _kind(
        "Spanish DNI or NIE",
        "RD 1553/2005",
        rf"{_START}(?:\d{{8}}|[xyz]-?\d{{7}})-?[a-z]{_END}",
        checksums.dni,
        run=7,
        weak=True,
    ),
    _kind("Dutch BSN", "Wet algemene bepalingen BSN", rf"{_NUMBER}\d{{9}}{_WHOLE}", checksums.bsn, run=9, weak=True),
    _kind(
        "Belgian national number", "KB 3.4.1984", rf"{_NUMBER}\d\d\.\d\d\.\d\d-\d{{3}}\.\d\d{_WHOLE}", checksums.belgian
    ),
    _kind(
        "Belgian national number", "KB 3.4.1984", rf"{_NUMBER}\d{{11}}{_WHOLE}", checksums.belgian, run=11, weak=True
    ),
    _kind(
        "Swedish personal number", "SFS 1991:481", rf"{_NUMBER}(?:\d\d)?\d{{6}}[-+]\d{{4}}{_WHOLE}", checksums.swedish
    ),
    _kind(
        "Swedish personal number",
        "SFS 1991:481",
        rf"{_NUMBER}(?:19|20)?\d{{10}}{_WHOLE}",
        checksums.swedish,
        run=10,
        weak=True,
    ),
    _kind(
        "Finnish personal code", "Laki 661/2009", rf"{_START}\d{{6}}[-+a-fu-y]\d{{3}}[\da-y]{_END}", checksums.finnish
    ),
    _kind(
        "Norwegian birth number",
        "Lov 9.12.2016 nr 88",
        rf"{_NUMBER}\d{{6}} ?\d{{5}}{_WHOLE}",
        checksums.norwegian,
        run=5,
    ),
    _kind("Polish PESEL", "Ustawa 24.9.2010", rf"{_NUMBER}\d{{11}}{_WHOLE}", checksums.pesel, run=11, weak=True),
    _kind(
        "Swiss AHV number", "AHVV Art. 133", rf"{_NUMBER}756(\.?)\d{{4}}\1\d{{4}}\1\d\d{_WHOLE}", checksums.ahv, run=4
    ),
    _kind("Brazilian CPF", "Receita Federal", rf"{_NUMBER}\d{{3}}\.\d{{3}}\.\d{{3}}-\d\d{_WHOLE}", checksums.cpf, "."),
    _kind("Brazilian CPF", "Receita Federal", rf"{_NUMBER}\d{{11}}{_WHOLE}", checksums.cpf, run=11, weak=True),
    _kind("Indian Aadhaar", "UIDAI", rf"{_NUMBER}[2-9]\d{{3}} \d{{4}} \d{{4}}{_WHOLE}", checksums.aadhaar, " ", 4),
    _kind("Indian Aadhaar", "UIDAI", rf"{_NUMBER}[2-9]\d{{11}}{_WHOLE}", checksums.aadhaar, run=12, weak=True),
    _kind(
        "Chinese resident number", "GB 11643-1999", rf"{_NUMBER}[1-9]\d{{16}}[\dx]{_WHOLE}", checksums.chinese, run=17
    ),
    _kind("South African identity number", "Act 68 of 1997", rf"{_NUMBER}\d{{13}}{_WHOLE}", checksums.african, run=13),
    _kind("Canadian SIN", "Service Canada", rf"{_NUMBER}\d{{3}}([ -])\d{{3}}\1\d{{3}}{_WHOLE}", checksums.sin, " -"),
    _kind("Canadian SIN", "Service Canada", rf"{_NUMBER}[1-9]\d{{8}}{_WHOLE}", checksums.sin, run=9, weak=True),
)
