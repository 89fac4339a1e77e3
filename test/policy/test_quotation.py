import pytest

from glm4v_ros.policy.quotation import quoted


@pytest.mark.parametrize(
    "answer, parts",
    [
        ("LVV9-70S1-9", ["LVV9-70S1-9"]),
        ("14:08:38", ["14:08:38"]),
        ("GM 125", ["GM 125"]),
        ("-20 to 70 °C", ["-20 to 70 °C"]),
        ("江州泵业有限公司", ["江州泵业有限公司"]),
        ("24 V DC.", ["24 V DC"]),
        ("“XK-7”", ["XK-7"]),
        ("这是阿莫西林胶囊。", ["阿莫西林胶囊"]),
        ("型号是XK-7。", ["XK-7"]),
        ("铭牌上的型号是XK-7", ["XK-7"]),
        ("型号：XK-7", ["XK-7"]),
        ("有效期至2026年11月。", ["2026年11月"]),
        ("2027年8月到期。", ["2027年8月"]),
        ("由江州泵业有限公司生产", ["江州泵业有限公司"]),
        ("This is Norvatine.", ["Norvatine"]),
        ("The serial number is SN-20418.", ["SN-20418"]),
        ("Its rated voltage is 400 V", ["400 V"]),
        ("It was made on 2024-03-05.", ["2024-03-05"]),
        ("It expires in August 2027.", ["August 2027"]),
        ("Hello\nWorld", ["Hello", "World"]),
        ('The plate says "XK-7" beside the word "MODEL".', ["XK-7", "MODEL"]),
        ("The pump is rated 1.5 kW at 400 V, which is usual. It was made in March 2021 and weighs 38 kg.",
         ["1.5 kW", "400 V", "March 2021", "38 kg"]),
        ("yes", []),
        ("否。", []),
        ("", []),
        ("The picture shows a cup of coffee on a wooden table, and a spoon lies beside it.", []),
    ],
)  # fmt: skip
def test_quoted(answer, parts):
    assert list(quoted(answer)) == parts
