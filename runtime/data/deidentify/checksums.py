"""Check digits of identifiers, each by the rule of whoever issues them.  All take what a pattern has matched."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from ipaddress import AddressValueError, IPv6Address

_DNI = "TRWAGMYFPDXBNJZSQVHLCKE"
_HETU = "0123456789ABCDEFHJKLMNPRSTUVWXY"
_FISCAL_ODD = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23)
_VERHOEFF = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)

# Characters of an IBAN by country: SWIFT, IBAN Registry.
_IBANS = (
    "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 "
    "EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 "
    "KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 "
    "PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 "
    "UA29 VA22 VG24 XK20 YE30"
)
_IBAN = {code: int(length) for code, length in re.findall(r"([A-Z]{2})(\d\d)", _IBANS)}


def digits(text: str) -> list[int]:
    return list(map(int, filter(str.isdigit, text)))


def _weighed(found: Iterable[int], weights: Iterable[int]) -> int:
    """Over as many as there are weights."""
    return sum(digit * weight for weight, digit in zip(weights, found, strict=False))


def luhn(text: str) -> bool:
    """ISO/IEC 7812-1."""
    twice = [sum(divmod(2 * digit, 10)) for digit in digits(text)[-2::-2]]
    return (sum(digits(text)[-1::-2]) + sum(twice)) % 10 == 0


def card(text: str) -> bool:
    """A number within the ranges of issuers (ISO/IEC 7812-2), of their lengths."""
    number = "".join(map(str, digits(text)))
    two, four, length = int(number[:2]), int(number[:4]), len(number)
    issued = (
        (number[0] == "4" and length in (13, 16, 19))
        or ((51 <= two <= 55 or 2221 <= four <= 2720) and length == 16)
        or (two in (34, 37) and length == 15)
        or ((two in (36, 38, 39) or 3000 <= four <= 3059) and length in (14, 16))
        or ((two in (60, 62, 64, 65, 81) or 3528 <= four <= 3589) and 16 <= length <= 19)
        or ((two in (50, 67, 68) or 56 <= two <= 58) and 13 <= length <= 19)
    )
    return issued and len(set(number)) > 1 and luhn(number)


def iban(text: str) -> bool:
    """ISO 13616: the length of its country, MOD 97-10."""
    found = re.sub("[ -]", "", text.upper())
    return len(found) == _IBAN.get(found[:2]) and _as_number(found[4:] + found[:4]) % 97 == 1


def iban_of(text: str) -> str:
    """As much of a text as its country's have; what stands behind a blank is another word."""
    places = [i for i, character in enumerate(text) if character not in " -"]
    length = _IBAN.get(text[:2].upper(), len(places))
    return text[: places[length - 1] + 1] if length < len(places) and text[places[length] - 1] in " -" else text


def _as_number(text: str) -> int:
    """Letters count from 10."""
    return int("".join(str(int(character, 36)) for character in text))


def ipv6(text: str) -> bool:
    """RFC 4291; short ones are times of day and parts of programs."""
    try:
        IPv6Address(text)
    except AddressValueError:
        return False
    return len(re.findall("[0-9A-Fa-f]", text)) > 4


def mac(text: str) -> bool:
    """With a letter; without one it is a time."""
    return any(character.isalpha() for character in text)


def nhs(text: str) -> bool:
    """United Kingdom, NHS number: MOD 11."""
    found = digits(text)
    check = -_weighed(found, range(10, 1, -1)) % 11
    return check == found[9] and len(set(found)) > 1


def steuer(text: str) -> bool:
    """Germany, Identifikationsnummer: ISO 7064 MOD 11, 10; of the first ten, one digit comes twice or thrice."""
    found, product = digits(text), 10
    if sorted(map(found[:10].count, range(10)))[-2:] not in ([1, 2], [1, 3]):
        return False
    for digit in found[:10]:
        product = 2 * ((digit + product) % 10 or 10) % 11
    return (11 - product) % 10 == found[10]


def kvnr(text: str) -> bool:
    """Germany, Krankenversichertennummer: § 290 SGB V, weights 1 and 2."""
    found = digits(f"{ord(text[0].upper()) - 64:02d}{text[1:]}")
    return sum(sum(divmod(digit * (1 + i % 2), 10)) for i, digit in enumerate(found[:10])) % 10 == found[10]


def nir(text: str) -> bool:
    """France, numéro d'inscription au répertoire: key 97 - n MOD 97, Corsica's letters as numbers."""
    found = re.sub(r"\W", "", text.upper())
    number = int(found[:13].replace("2A", "19", 1).replace("2B", "18", 1)) if found[:5].isdigit() else 0
    return number > 0 and 97 - number % 97 == int(found[13:])


def fiscal(text: str) -> bool:
    """Italy, codice fiscale: D.M. 23.12.1976, sums over odd and even places MOD 26."""
    values = [int(c) if c.isdigit() else ord(c) - 65 for c in text.upper()]
    total = sum(values[1:15:2]) + sum(_FISCAL_ODD[value] for value in values[0:15:2])
    return total % 26 == values[15]


def dni(text: str) -> bool:
    """Spain, DNI and NIE: the letter n MOD 23."""
    found = re.sub(r"\W", "", text.upper())
    number = found[:-1].translate(str.maketrans("XYZ", "012"))
    return _DNI[int(number) % 23] == found[-1]


def bsn(text: str) -> bool:
    """Netherlands, burgerservicenummer: the test of eleven."""
    found = digits(text)
    return _weighed(found, (9, 8, 7, 6, 5, 4, 3, 2, -1)) % 11 == 0 and len(set(found)) > 1


def belgian(text: str) -> bool:
    """Belgium, rijksregisternummer: 97 - n MOD 97, with a 2 before n for those born from 2000."""
    number = "".join(map(str, digits(text)))
    day = int(number[2:4]) <= 12 and int(number[4:6]) <= 31
    return day and any(97 - int(century + number[:9]) % 97 == int(number[9:]) for century in ("", "2"))


def swedish(text: str) -> bool:
    """Sweden, personnummer: Luhn over the last ten digits, of which six are a day (+ 60: samordningsnummer)."""
    number = digits(text)[-10:]
    return _day(0, 10 * number[2] + number[3], (10 * number[4] + number[5] - 1) % 60 + 1) and luhn(
        "".join(map(str, number))
    )


def finnish(text: str) -> bool:
    """Finland, henkilötunnus: n MOD 31."""
    number = digits(text[:-1])
    day = _day(0, 10 * number[2] + number[3], 10 * number[0] + number[1])
    return day and _HETU[int("".join(map(str, number))) % 31] == text[-1].upper()


def norwegian(text: str) -> bool:
    """Norway, fødselsnummer: two sums MOD 11 after a day (+ 40: D-nummer)."""
    found = digits(text)
    first = _weighed(found, (3, 7, 6, 1, 8, 9, 4, 5, 2, 1)) % 11
    second = _weighed(found, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)) % 11
    return first == second == 0 and _day(0, 10 * found[2] + found[3], (10 * found[0] + found[1] - 1) % 40 + 1)


def pesel(text: str) -> bool:
    """Poland, PESEL: weights 1, 3, 7, 9 MOD 10 after a day; months of other centuries have 20 to 80 more."""
    found = digits(text)
    month = (10 * found[2] + found[3]) % 20
    right = _weighed(found, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)) % 10 == 0
    return right and _day(0, month, 10 * found[4] + found[5])


def ahv(text: str) -> bool:
    """Switzerland, AHV-Nummer: EAN-13."""
    return _weighed(digits(text), (1, 3) * 6 + (1,)) % 10 == 0


def cpf(text: str) -> bool:
    """Brazil, CPF: two sums MOD 11."""
    found = digits(text)
    checks = [_weighed(found, range(n, 1, -1)) * 10 % 11 % 10 for n in (10, 11)]
    return checks == found[9:] and len(set(found)) > 1


def aadhaar(text: str) -> bool:
    """India, Aadhaar: Verhoeff."""
    check = 0
    for place, digit in enumerate(reversed(digits(text))):
        for _ in range(place % 8):
            digit = _VERHOEFF[digit]
        check = _dihedral(check, digit)
    return check == 0


def _dihedral(a: int, b: int) -> int:
    """The product of the group of a pentagon, rotations 0 to 4, reflections 5 to 9."""
    if a < 5:
        return (a + b) % 5 if b < 5 else 5 + (a + b) % 5
    return 5 + (a - b) % 5 if b < 5 else (a - b) % 5


def chinese(text: str) -> bool:
    """China, resident identity: GB 11643, ISO 7064 MOD 11-2, after a day."""
    total = sum((10 if c in "Xx" else int(c)) << (17 - i) for i, c in enumerate(text))
    return total % 11 == 1 and _day(int(text[6:10]), int(text[10:12]), int(text[12:14]))


def african(text: str) -> bool:
    """South Africa, identity number: Luhn after a day; citizen, resident or refugee."""
    return luhn(text) and text[10] in "012" and _day(0, int(text[2:4]), int(text[4:6]))


def sin(text: str) -> bool:
    """Canada, social insurance number: Luhn."""
    return luhn(text)


def ssn(text: str) -> bool:
    """United States, social security number: it has no check digit; the groups that are never issued."""
    area, group, serial = text.split("-")
    return area not in ("000", "666") and area < "900" and group != "00" and serial != "0000"


def _day(year: int, month: int, day: int) -> bool:
    """Whether there is such a day; in some year, if that is 0."""
    try:
        date(year or 2000, month, day)
    except ValueError:
        return False
    return True
