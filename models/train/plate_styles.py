"""What number plates of the world look like: patterns, shapes, colours and the small print that must not be read.

Pattern letters: A letter, 9 digit, X either, V vanity text; `|` next line; space, `-`, `.` separators that are not part
of the text; `*` a seal, emblem or symbol; `#` a character of another script; `s9` a small digit that belongs to the text;
`d9` a small digit that does not. Everything else stands for itself.
"""
from typing import NamedTuple

REGIONS = ("europe", "germany", "france", "italy", "britain", "usa", "brazil", "mercosul", "argentina", "india",
           "pakistan", "china", "russia", "gulf", "other")

WHITE, YELLOW, BLACK = (235, 235, 232), (238, 190, 40), (22, 22, 26)
BLUE, GREEN, RED, GREY = (30, 60, 150), (20, 105, 60), (170, 30, 35), (165, 168, 170)
INK = ((WHITE, BLACK),)


class Style(NamedTuple):
    """One kind of plate. Colours are RGB pairs (ground, ink); `aspect` is width over height."""
    region: str
    share: float
    aspect: tuple
    patterns: tuple
    colours: tuple = INK
    band: float = 0.0
    band_text: tuple = ("",)
    above: tuple = ()
    below: tuple = ()
    logo: float = 0.0
    tall: tuple = (0.62, 0.85)


# Letters that a region's offices hand out, where O, I, Q or vowels are left out because they look like others.
LETTERS_OF = {"china": "ABCDEFGHJKLMNPQRSTUVWXYZ", "france": "ABCDEFGHJKLMNPQRSTVWXYZ", "italy": "ABCDEFGHJKLMNPRSTVWXYZ",
              "britain": "ABCDEFGHJKLMNOPRSTUVWXYZ", "russia": "ABEKMHOPCTYX", "india": "ABCDEFGHJKLMNPQRSTUVWXYZ"}

STATES = ("ALABAMA", "ALASKA", "ARIZONA", "ARKANSAS", "California", "Colorado", "CONNECTICUT", "DELAWARE", "FLORIDA", "GEORGIA",
          "HAWAII", "IDAHO", "Illinois", "INDIANA", "IOWA", "KANSAS", "Kentucky", "LOUISIANA", "MAINE", "MARYLAND",
          "Massachusetts", "MICHIGAN", "Minnesota", "MISSISSIPPI", "MISSOURI", "MONTANA", "NEBRASKA", "NEVADA", "NEW HAMPSHIRE",
          "GARDEN STATE", "NEW MEXICO", "NEW YORK", "NORTH CAROLINA", "OHIO", "OKLAHOMA", "OREGON", "PENNSYLVANIA",
          "SOUTH CAROLINA", "TENNESSEE", "TEXAS", "UTAH", "VERMONT", "VIRGINIA", "WASHINGTON", "WISCONSIN", "WYOMING",
          "ONTARIO", "ALBERTA", "QUEBEC", "BAJA CALIFORNIA", "JALISCO", "NUEVO LEON")
MOTTOES = ("LAND OF LINCOLN", "EMPIRE STATE", "dmv.ca.gov", "SUNSHINE STATE", "GRAND CANYON STATE", "FIRST IN FLIGHT",
           "LIVE FREE OR DIE", "The Lone Star State", "MYFLORIDA.COM", "10,000 lakes", "GREAT LAKES", "IN GOD WE TRUST",
           "EXPLORE", "VETERAN", "TAXI", "DEALER", "JEEP", "TOYOTA", "FORD OF", "HONDA", "CHEVROLET", "YOURS TO DISCOVER")
US_COLOURS = (((236, 236, 240), (30, 40, 120)), ((236, 236, 240), (20, 20, 24)), ((236, 236, 240), (165, 30, 35)),
              ((240, 240, 235), (25, 90, 60)), ((238, 185, 60), (28, 30, 70)), ((170, 205, 230), (28, 40, 90)),
              ((30, 45, 110), (240, 205, 70)), ((30, 60, 150), (240, 240, 240)), ((205, 225, 205), (25, 60, 45)),
              ((24, 24, 26), (240, 215, 120)), ((240, 220, 190), (110, 30, 40)), ((150, 190, 160), (240, 240, 240)),
              ((180, 40, 40), (240, 240, 240)), ((195, 200, 205), (40, 50, 110)))
EU = ("D", "F", "I", "E", "NL", "B", "PL", "CZ", "RO", "P", "A", "H", "SK", "LT", "EST", "S", "FIN", "BG", "GR", "IRL", "HR", "UA", "N", "CH")

STYLES = (
    Style("germany", 9, (4.2, 5), ("A*A 9999", "AA*A 999", "AA*AA 99", "AAA*AA 9", "A*AA 9999", "AA*AA 999", "AAA*A 9999",
                                   "AA*A 9", "AAA*AA 99", "A*AA 999", "AA*AA 9999", "AA*A 999E", "AA*AA 99H"), band=.9, band_text=("D",)),
    Style("germany", 2, (1.3, 1.7), ("A*AA|9999", "AA*A|999", "AAA*|AA 99", "AA*|A 9999", "A*|AA 999"), band=.5, band_text=("D",)),
    Style("france", 5, (4.2, 5), ("AA-999-AA", "AA-999-AA", "999 AAA 99", "9999 AA 99"), ((WHITE, BLACK), (YELLOW, BLACK), (BLACK, WHITE)),
          .9, ("F",)),
    Style("italy", 3, (3.2, 5), ("AA 999AA", "AA999 AA", "AA*999AA"), band=.8, band_text=("I",)),
    Style("europe", 13, (4, 5), ("AA 99999", "AAA 9999", "A99 9999", "9999 AAA", "AA-99-AA", "99-AAA-9", "9-AAA-999", "AAA-999", "AAA*999",
                                 "AA 999 AA", "99 AA 99", "A 99 AAA", "AA 99 AAA", "AA*9999*AA", "999 AAA", "999 9999", "AA 999", "AA 9999",
                                 "9A9*9999", "99-A-9999", "AA*999 AA", "A*9999 AA", "AA 9999 AA", "1-AAA-999", "AA-999", "A 99999", "AA 99 999",
                                 "AA*999999", "9 9999 AA", "99.999.99", "999-99-999", "AA 99999 A", "B 99 AAA", "B 999 AAA", "99-D-99999", "999-A-9999", "A*999 AA", "99999"),
          ((WHITE, BLACK), (WHITE, BLACK), (WHITE, BLACK), (YELLOW, BLACK), (WHITE, RED), (WHITE, (30, 60, 40)), (BLACK, WHITE), (GREY, BLACK)), .65, EU),
    Style("europe", 2, (1.2, 1.9), ("AA|999", "AAA|999", "99|AA 99", "AA|999 AA", "AAA|9999", "9A9|9999", "AA 99|AAA", "A|9999 AA", "AA 9|999", "99-D|99999", "99-A|999999"), band=.4, band_text=EU),
    Style("britain", 8, (4.2, 5), ("AA99 AAA", "AA99 AAA", "AA99 AAA", "A999 AAA", "A99 AAA", "AAA 999A", "A9 AAA", "AAA 99", "9 AAA", "AA 9999"),
          ((WHITE, BLACK), ((240, 205, 30), BLACK), (YELLOW, BLACK), (BLACK, WHITE)), .3, ("GB", "UK"), below=MOTTOES[13:21]),
    Style("britain", 1.5, (1.25, 1.6), ("AA99|AAA", "A999|AAA", "AAA|999A"), ((WHITE, BLACK), (YELLOW, BLACK))),
    Style("usa", 15, (1.7, 2.3), ("9AAA999", "AAA 9999", "AAA*9999", "999 AAA", "AAA-999", "AAA 999", "AA9 9999", "9AA 9999", "A99 9AA", "AAA*99A",
                                  "999*999", "99A*999", "9999 AA", "AA 99999", "999-AAA", "9A99999", "AB9 9CD", "X99 99X", "999999", "AAAA 999", "A999999"),
          US_COLOURS, above=STATES, below=MOTTOES + STATES, logo=.45, tall=(.38, .6)),
    Style("usa", 8, (1.7, 2.3), ("V", "V", "V", "V V", "V*V", "V*"), US_COLOURS, above=STATES, below=MOTTOES + STATES, logo=.4, tall=(.36, .58)),
    Style("brazil", 4, (2.6, 3.3), ("AAA-9999", "AAA 9999"), ((GREY, BLACK), (GREY, BLACK), (RED, WHITE), (WHITE, BLACK)),
          above=("SP SAO PAULO", "RJ RIO DE JANEIRO", "MG BELO HORIZONTE", "PR CURITIBA", "RS PORTO ALEGRE"), tall=(.58, .72)),
    Style("brazil", 1, (1.05, 1.3), ("AAA|9999",), ((GREY, BLACK),), above=("SP CAMPINAS", "BA SALVADOR"), tall=(.62, .75)),
    Style("mercosul", 5, (2.9, 3.3), ("AAA9A99", "AAA9A99", "AAA 9A99"), ((WHITE, BLACK), (WHITE, BLACK), (WHITE, RED), (WHITE, BLUE)),
          above=("@BRASIL",), tall=(.6, .74)),
    Style("mercosul", 1, (1.1, 1.35), ("AAA|9A99", "A99|9AAA"), above=("@BRASIL", "@REPUBLICA ARGENTINA"), tall=(.6, .72)),
    Style("argentina", 4, (2.8, 3.3), ("AA 999 AA", "AA999AA", "AA 999 AA"), above=("@REPUBLICA ARGENTINA", "@MERCOSUR"), tall=(.58, .74)),
    Style("argentina", 2.5, (2.2, 2.6), ("AAA 999", "AAA*999"), ((BLACK, WHITE),), above=("ARGENTINA",), tall=(.5, .66)),
    Style("argentina", .8, (1.2, 1.5), ("999|AAA", "A999|AAA"), ((BLACK, WHITE),), above=("ARGENTINA",)),
    Style("india", 5, (3.8, 5), ("AA 99 AA 9999", "AA99AA9999", "AA-99-A-9999", "AA 99 A 9999", "AA9AA9999", "AA 9 A 9999"),
          ((WHITE, BLACK), (WHITE, BLACK), (YELLOW, BLACK), (BLACK, WHITE)), .25, ("IND",)),
    Style("india", 4, (1.3, 2.2), ("AA99A|A9999", "AA99|AA9999", "AA 99 A|9999", "AA99AA|9999", "AA 99|A 9999", "AA 9|A 9999"),
          ((WHITE, BLACK), (WHITE, BLACK), (YELLOW, BLACK)), .2, ("IND",)),
    Style("pakistan", 4, (1.5, 2.4), ("AAA-999", "AAA-9999", "AA-999", "AA-999", "AAA 999", "A-999"), ((WHITE, BLACK), (YELLOW, BLACK), ((222, 224, 220), (60, 60, 64))),
          .3, ("",), above=("ICT", "GOVT"), below=("ISLAMABAD", "SINDH", "ICT-ISLAMABAD", "KARACHI", "PUNJAB"), tall=(.36, .56)),
    Style("pakistan", 3, (1.4, 2.1), ("AAA|9999", "AAA-d9d9|9999", "AAA.d9d9|999", "AA.d9d9|9999", "AAA d9d9|9999"), band=.7, below=("PUNJAB", "LAHORE")),
    Style("china", 4, (3.1, 3.6), ("#A*99999", "#A*A9999", "#A*99A99", "#A*9999A", "#A*AA999", "#AXXXXX", "#A*XXXXX"),
          ((BLUE, WHITE), (BLUE, WHITE), ((40, 80, 190), WHITE), (YELLOW, BLACK), ((120, 200, 150), BLACK))),
    Style("russia", 4, (4.3, 5), ("A 999 AA s9s9", "A999AA s9s9s9", "A 999 AA s9s9"), above=(), tall=(.6, .75)),
    Style("gulf", 4, (1.8, 5), ("A 99999", "A ## 99999", "A ##9999", "9999 ##", "99999", "## 9999", "999999", "9 99999", "A *9999"),
          ((WHITE, BLACK), (WHITE, BLACK), (YELLOW, BLACK), (BLUE, WHITE)), .3, ("",), above=("DUBAI", "QATAR", "BAHRAIN"), tall=(.45, .75)),
    Style("other", 6, (2, 4.8), ("AA 99 AA AA", "AAA 999 A", "AAA 999A", "AAA 9999", "999 AAA GP", "AA 99 AA GP", "A 9999 AA", "AAA-999", "AAA 999", "9999-AAA", "AA9999",
                                 "XXXXX", "XXXXXX", "XXXXXXX", "XXXX XXXX", "XXX", "XXXX", "999 A 999", "9999 9999", "A 999 999", "AA 9999 A", "99-99999"),
          ((WHITE, BLACK), (WHITE, BLACK), (YELLOW, BLACK), (BLACK, WHITE), (WHITE, GREEN), (WHITE, BLUE), (GREEN, WHITE), (RED, WHITE), (BLUE, WHITE)),
          .15, EU, above=("KENYA", "VIC", "NSW"), below=("THE PLACE TO BE", "QLD"), logo=.15, tall=(.5, .8)),
    Style("other", 3, (1, 2), ("XXX|XXX", "XXX|XXXX", "XX|XXXX", "XXXX|XXXX", "AAA|999A", "AA 9|9999", "XX|XX", "XXXX|XXX"),
          ((WHITE, BLACK), (BLACK, WHITE), (YELLOW, BLACK), (RED, WHITE)), above=("REG",), below=("MALAYSIA",), logo=.1),
)
