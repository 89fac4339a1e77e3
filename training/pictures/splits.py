"""What training may see and what is kept for the test: fonts, backgrounds, strings, wordings, and the difficulty ranges.

What the test has was committed before the first training run and is not touched; training and the held-out hand may gain.
"""

from __future__ import annotations

import zlib

# Faces as NAME: (Debian package, file, index in a collection). A family is wholly in one split.
TRAIN_LATIN = {
    "DejaVuSans": ("fonts-dejavu-core", "DejaVuSans.ttf", 0),
    "DejaVuSans-Bold": ("fonts-dejavu-core", "DejaVuSans-Bold.ttf", 0),
    "DejaVuSansMono": ("fonts-dejavu-core", "DejaVuSansMono.ttf", 0),
    "DejaVuSansMono-Bold": ("fonts-dejavu-core", "DejaVuSansMono-Bold.ttf", 0),
    "DejaVuSerif": ("fonts-dejavu-core", "DejaVuSerif.ttf", 0),
    "DejaVuSansCondensed": ("fonts-dejavu-extra", "DejaVuSansCondensed.ttf", 0),
    "DejaVuSansCondensed-Bold": ("fonts-dejavu-extra", "DejaVuSansCondensed-Bold.ttf", 0),
    "LiberationSans": ("fonts-liberation2", "LiberationSans-Regular.ttf", 0),
    "LiberationSans-Bold": ("fonts-liberation2", "LiberationSans-Bold.ttf", 0),
    "LiberationSans-Italic": ("fonts-liberation2", "LiberationSans-Italic.ttf", 0),
    "LiberationSerif": ("fonts-liberation2", "LiberationSerif-Regular.ttf", 0),
    "LiberationSerif-Bold": ("fonts-liberation2", "LiberationSerif-Bold.ttf", 0),
    "LiberationMono": ("fonts-liberation2", "LiberationMono-Regular.ttf", 0),
    "LiberationMono-Bold": ("fonts-liberation2", "LiberationMono-Bold.ttf", 0),
    "FreeMono-Bold": ("fonts-freefont-ttf", "FreeMonoBold.ttf", 0),
    "NimbusSansNarrow": ("fonts-urw-base35", "NimbusSansNarrow-Regular.otf", 0),
    "NimbusSansNarrow-Bold": ("fonts-urw-base35", "NimbusSansNarrow-Bold.otf", 0),
    "NimbusMono-Bold": ("fonts-urw-base35", "NimbusMonoPS-Bold.otf", 0),
    "URWGothic": ("fonts-urw-base35", "URWGothic-Book.otf", 0),
    "URWGothic-Demi": ("fonts-urw-base35", "URWGothic-Demi.otf", 0),
    "C059-Bold": ("fonts-urw-base35", "C059-Bold.otf", 0),
    "Bookman": ("fonts-urw-base35", "URWBookman-Light.otf", 0),
    "JetBrainsMono": ("fonts-jetbrains-mono", "JetBrainsMono-Regular.ttf", 0),
    "JetBrainsMono-Bold": ("fonts-jetbrains-mono", "JetBrainsMono-Bold.ttf", 0),
    "FiraCode": ("fonts-firacode", "FiraCode-Regular.ttf", 0),
    "Roboto": ("fonts-roboto-unhinted", "Roboto-Regular.ttf", 0),
    "Roboto-Medium": ("fonts-roboto-unhinted", "Roboto-Medium.ttf", 0),
    "Roboto-Bold": ("fonts-roboto-unhinted", "Roboto-Bold.ttf", 0),
    "RobotoCondensed": ("fonts-roboto-unhinted", "RobotoCondensed-Regular.ttf", 0),
    "RobotoCondensed-Bold": ("fonts-roboto-unhinted", "RobotoCondensed-Bold.ttf", 0),
    "OpenSans": ("fonts-open-sans", "OpenSans-Regular.ttf", 0),
    "OpenSans-Semibold": ("fonts-open-sans", "OpenSans-Semibold.ttf", 0),
    "OpenSans-CondBold": ("fonts-open-sans", "OpenSans-CondBold.ttf", 0),
    "Lato": ("fonts-lato", "Lato-Regular.ttf", 0),
    "Lato-Bold": ("fonts-lato", "Lato-Bold.ttf", 0),
    "Hack": ("fonts-hack", "Hack-Regular.ttf", 0),
    "B612": ("fonts-b612", "B612-Regular.otf", 0),
    "B612-Bold": ("fonts-b612", "B612-Bold.otf", 0),
    "OCRA": ("fonts-ocr-a", "OCRA.ttf", 0),
    "osifont": ("fonts-osifont", "osifont.ttf", 0),
    "OSP-DIN": ("fonts-opendin", "OSP-DIN.ttf", 0),
    "RoutedGothic": ("fonts-routed-gothic", "routed-gothic.ttf", 0),
    "RoutedGothic-Narrow": ("fonts-routed-gothic", "routed-gothic-narrow.ttf", 0),
    "Jura-Bold": ("fonts-jura", "Jura-Bold.otf", 0),
    "Dosis-Bold": ("fonts-dosis", "Dosis-Bold.otf", 0),
    "Cantarell": ("fonts-cantarell", "Cantarell-Regular.otf", 0),
    "ClearSans": ("fonts-clear-sans", "ClearSans-Regular.ttf", 0),
    "ClearSans-Bold": ("fonts-clear-sans", "ClearSans-Bold.ttf", 0),
    "Manrope-SemiBold": ("fonts-manrope", "Manrope-SemiBold.ttf", 0),
    "LeagueMono": ("fonts-league-mono", "LeagueMono-Regular.otf", 0),
    "LeagueMono-NarrowBold": ("fonts-league-mono", "LeagueMono-NarrowBold.otf", 0),
    "Quicksand-Bold": ("fonts-quicksand", "Quicksand-Bold.ttf", 0),
    "GNUTypewriter": ("fonts-gnutypewriter", "GNUTypewriter.ttf", 0),
    "3270": ("fonts-3270", "3270-Regular.ttf", 0),
    "Spleen": ("fonts-spleen", "spleen-16x32.otf", 0),
    "Mplus2-Medium": ("fonts-mplus", "Mplus2-Medium.otf", 0),
}
TEST_LATIN = {
    "Inconsolata": ("fonts-inconsolata", "Inconsolata.otf", 0),
    "Play": ("fonts-play", "Play-Regular.ttf", 0),
    "Play-Bold": ("fonts-play", "Play-Bold.ttf", 0),
    "Karla": ("fonts-karla", "Karla-Medium.otf", 0),
    "Karla-Bold": ("fonts-karla", "Karla-Bold.otf", 0),
    "OCRB": ("fonts-ocr-b", "OCRB.otf", 0),
    "RobotoSlab": ("fonts-roboto-slab", "RobotoSlab-Regular.otf", 0),
    "RobotoSlab-Bold": ("fonts-roboto-slab", "RobotoSlab-Bold.otf", 0),
    "Carlito": ("fonts-crosextra-carlito", "Carlito-Regular.ttf", 0),
    "Carlito-Bold": ("fonts-crosextra-carlito", "Carlito-Bold.ttf", 0),
    "Cabin": ("fonts-cabin", "Cabin-Medium.otf", 0),
    "Mononoki": ("fonts-mononoki", "mononoki-Regular.ttf", 0),
    "ArundinaSans": ("fonts-arundina", "ArundinaSans.ttf", 0),
}
TRAIN_CHINESE = {
    "NotoSansCJK-Light": ("fonts-noto-cjk-extra", "NotoSansCJK-Light.ttc", 2),
    "NotoSansCJK": ("fonts-noto-cjk", "NotoSansCJK-Regular.ttc", 2),
    "NotoSansCJK-Medium": ("fonts-noto-cjk-extra", "NotoSansCJK-Medium.ttc", 2),
    "NotoSansCJK-Bold": ("fonts-noto-cjk", "NotoSansCJK-Bold.ttc", 2),
    "NotoSansCJK-Black": ("fonts-noto-cjk-extra", "NotoSansCJK-Black.ttc", 2),
    "NotoSerifCJK": ("fonts-noto-cjk", "NotoSerifCJK-Regular.ttc", 2),
    "NotoSerifCJK-SemiBold": ("fonts-noto-cjk-extra", "NotoSerifCJK-SemiBold.ttc", 2),
    "NotoSerifCJK-Bold": ("fonts-noto-cjk", "NotoSerifCJK-Bold.ttc", 2),
    "ZenHei": ("fonts-wqy-zenhei", "wqy-zenhei.ttc", 0),
    "UMing": ("fonts-arphic-uming", "uming.ttc", 0),
    "UKai": ("fonts-arphic-ukai", "ukai.ttc", 0),
    "SungtiL": ("fonts-arphic-gbsn00lp", "gbsn00lp.ttf", 0),
    "BabelStoneHan": ("fonts-babelstone-han", "BabelStoneHan.ttf", 0),
}
TEST_CHINESE = {
    "MicroHei": ("fonts-wqy-microhei", "wqy-microhei.ttc", 0),
    "WenKai": ("fonts-lxgw-wenkai", "LXGWWenKai-Regular.ttf", 0),
    "WenKai-Bold": ("fonts-lxgw-wenkai", "LXGWWenKai-Bold.ttf", 0),
    "SmileySans": ("fonts-smiley-sans", "SmileySans-Oblique.ttf", 0),
}
TRAIN_SEGMENT = {
    "DSEG7Classic": ("fonts-dseg", "DSEG7Classic-Regular.ttf", 0),
    "DSEG7Classic-Bold": ("fonts-dseg", "DSEG7Classic-Bold.ttf", 0),
    "DSEG7Classic-Light": ("fonts-dseg", "DSEG7Classic-Light.ttf", 0),
    "DSEG7Classic-BoldItalic": ("fonts-dseg", "DSEG7Classic-BoldItalic.ttf", 0),
    "DSEG7ClassicMini": ("fonts-dseg", "DSEG7ClassicMini-Regular.ttf", 0),
    "DSEG7ClassicMini-BoldItalic": ("fonts-dseg", "DSEG7ClassicMini-BoldItalic.ttf", 0),
    "DSEG14Classic": ("fonts-dseg", "DSEG14Classic-Regular.ttf", 0),
    "DSEG14Classic-BoldItalic": ("fonts-dseg", "DSEG14Classic-BoldItalic.ttf", 0),
}
TEST_SEGMENT = {
    "DSEG7Modern": ("fonts-dseg", "DSEG7Modern-Regular.ttf", 0),
    "DSEG7Modern-BoldItalic": ("fonts-dseg", "DSEG7Modern-BoldItalic.ttf", 0),
    "DSEG7ModernMini": ("fonts-dseg", "DSEG7ModernMini-Bold.ttf", 0),
    "DSEG14Modern": ("fonts-dseg", "DSEG14Modern-Regular.ttf", 0),
}
# Of the second hand (vector/) alone, beside those for training.
VECTOR_LATIN = {
    "Sora": ("fonts-sora", "Sora-Regular.otf", 0),
    "Sora-SemiBold": ("fonts-sora", "Sora-SemiBold.otf", 0),
    "AveriaSans": ("fonts-averia-sans-gwf", "AveriaSansGWF-Regular.ttf", 0),
    "AveriaSans-Bold": ("fonts-averia-sans-gwf", "AveriaSansGWF-Bold.ttf", 0),
    "Comfortaa-Bold": ("fonts-comfortaa", "Comfortaa-Bold.ttf", 0),
    "Oxygen": ("fonts-oxygen", "Oxygen-Sans.ttf", 0),
    "Oxygen-Bold": ("fonts-oxygen", "Oxygen-Sans-Bold.ttf", 0),
    "OxygenMono": ("fonts-oxygen", "OxygenMono-Regular.ttf", 0),
    "LeagueSpartan-Medium": ("fonts-league-spartan", "LeagueSpartan-Medium.otf", 0),
    "Roadgeek-C": ("fonts-roadgeek", "RG2014C.ttf", 0),
    "Roadgeek-D": ("fonts-roadgeek", "RG2014D.ttf", 0),
    "Gillius": ("fonts-adf-gillius", "GilliusADF-Regular.otf", 0),
    "Gillius-Bold": ("fonts-adf-gillius", "GilliusADF-Bold.otf", 0),
    "Gillius-BoldCond": ("fonts-adf-gillius", "GilliusADF-BoldCond.otf", 0),
    "Tuffy": ("fonts-tuffy", "tuffy_regular.ttf", 0),
    "Tuffy-Bold": ("fonts-tuffy", "tuffy_bold.ttf", 0),
    "Quattrocento": ("fonts-quattrocento", "Quattrocento-Regular.otf", 0),
    "NationalPark": ("fonts-national-park", "NationalPark-Regular.otf", 0),
    "Agave": ("fonts-agave", "agave-r-autohinted.ttf", 0),
    "FantasqueMono": ("fonts-fantasque-sans", "FantasqueSansMono-Regular.otf", 0),
    "FantasqueMono-Bold": ("fonts-fantasque-sans", "FantasqueSansMono-Bold.otf", 0),
    "CMUSans": ("fonts-cmu", "cmunss.ttf", 0),
    "CMUSerif-Bold": ("fonts-cmu", "cmunbx.ttf", 0),
    "CMUTypewriter": ("fonts-cmu", "cmuntt.ttf", 0),
    "Biolinum": ("fonts-linuxlibertine", "LinBiolinum_R.otf", 0),
    "Libertine-Bold": ("fonts-linuxlibertine", "LinLibertine_RB.otf", 0),
    "BebasNeue": ("fonts-bebas-neue", "BebasNeue-Regular.otf", 0),
    "Universalis-Bold": ("fonts-adf-universalis", "UniversalisADFStd-Bold.otf", 0),
    "Universalis-Cond": ("fonts-adf-universalis", "UniversalisADFStd-Cond.otf", 0),
    "Heros": ("fonts-texgyre", "texgyreheros-regular.otf", 0),
    "Heros-Bold": ("fonts-texgyre", "texgyreheros-bold.otf", 0),
    "Heros-Cond": ("fonts-texgyre", "texgyreheroscn-regular.otf", 0),
    "Pagella-Bold": ("fonts-texgyre", "texgyrepagella-bold.otf", 0),
}
VECTOR_CHINESE = {
    "GKai": ("fonts-arphic-gkai00mp", "gkai00mp.ttf", 0),
    "DroidFallback": ("fonts-droid-fallback", "DroidSansFallbackFull.ttf", 0),
}
# Of the hand that is held out (make_browser.py), beside those for the test.
BROWSER_LATIN = {
    "Inter": ("fonts-inter", "Inter-Regular.otf", 0),
    "Inter-SemiBold": ("fonts-inter", "Inter-SemiBold.otf", 0),
    "Go": ("fonts-go", "Go-Regular.ttf", 0),
    "Go-Bold": ("fonts-go", "Go-Bold.ttf", 0),
    "GoMono": ("fonts-go", "Go-Mono.ttf", 0),
    "PTSans": ("fonts-paratype", "PTS55F.ttf", 0),
    "PTSans-Bold": ("fonts-paratype", "PTS75F.ttf", 0),
    "PTSansNarrow": ("fonts-paratype", "PTN57F.ttf", 0),
    "PTSerif-Bold": ("fonts-paratype", "PTF75F.ttf", 0),
    "PTMono": ("fonts-paratype", "PTM55F.ttf", 0),
}
FACES = {
    ("latin", "train"): TRAIN_LATIN,
    ("latin", "test"): TEST_LATIN,
    ("chinese", "train"): TRAIN_CHINESE,
    ("chinese", "test"): TEST_CHINESE,
    ("segment", "train"): TRAIN_SEGMENT,
    ("segment", "test"): TEST_SEGMENT,
    ("latin", "vector"): VECTOR_LATIN,
    ("chinese", "vector"): VECTOR_CHINESE,
    ("latin", "browser"): BROWSER_LATIN,
}

BACKGROUNDS = {
    "train": (
        *("flat", "gradient", "brushed", "clouds", "wood", "paper", "checker"),
        *("rivets", "studs", "knurl", "mesh", "tread", "rings", "slots", "punched", "punched", "punched"),
    ),
    "test": ("tiles", "hazard", "speckle", "perforated", "carpet"),
}

PHOTOGRAPHIC = 0.1  # share of the training pictures whose ground is a photograph

# Share of a question's wordings that is asked in the test only (see belongs).
HELD_OUT_WORDINGS = 0.15

# Em size of print in px, once the picture is under the image token cap: (smallest, largest) at level 0 and at level 1.
# Caps are about 0.7 em, so 17 px means caps of 12 px and Chinese glyphs of 16 px before the perspective warp
# (which shrinks by at most 12 %).
EM = ((40.0, 72.0), (17.0, 56.0))

# Degradation at level 1. Blur is in em of the smallest print asked about, so that a person can still read it.
PERSPECTIVE = 0.10  # most a corner moves, of the shorter side
SHRINK = 0.12  # most the print shrinks by the warp
ROTATION = 8.0  # degrees
BLUR = 0.065  # sigma, em
MOTION = 0.16  # length, em
SOFTEN = 0.085  # size of a pixel when scaled down and up again, em (13 px of em stay at the least)
NOISE = 16.0  # standard deviation, of 255
GLARE = 0.60  # most that is blended towards white
RUST = 0.55  # most that a stain covers
LIGHT = (0.55, 1.25)  # gain from corner to corner
CONTRAST = (0.6, 1.15)
GAMMA = (0.7, 1.5)
JPEG = 25  # least quality
SCREEN = (0.9, 4.5)  # px that a pixel of a photographed screen takes; below 2 it shows as moiré
RASTER = 0.32  # how deep the lines between a screen's pixels are
SCREENS = 0.07  # share of the training pictures that a screen shows
SMALL_PRINT = 0.3  # of the training pictures at level 1: print of under 22 px

# The evaluation: level of degradation of each band, a third of the pictures each; the content is always at level 1.
BANDS = {"clean": (0.0, 0.05), "mild": (0.3, 0.6), "hard": (0.6, 1.0)}
SIDES = (224, 1600)  # px of a picture's sides
SEEDS = {"train": 1_000_000_000, "test": 5_000_000_000}  # added to a picture's number

TOKEN_CAP_PX = 576 * 28 * 28  # pixels of a picture at the cap of 576 image tokens


def share(text: str) -> float:
    """A number in [0, 1) that depends on the text alone."""
    return zlib.crc32(text.encode()) % 9973 / 9973


def belongs(text: str, split: str) -> bool:
    """Whether a generated string may be printed in this split: a tenth of all strings is kept for the test."""
    return (share(text) < 0.1) == (split == "test")
