"""Labels as printed, and the wordings of questions. Data only, in Chinese and English."""

from __future__ import annotations

# What a field is called in a question: Chinese nouns, English nouns.
NOUNS = {
    "model": (
        "型号 产品型号 设备型号 规格型号 机器型号 机型 型号规格".split(),
        "model|model number|model name|type designation|product model|device model|model no.".split("|"),
    ),
    "serial": (
        "序列号 出厂编号 编号 产品编号 机身编号 序号 设备编号 出厂号".split(),
        "serial number|serial no.|S/N|serial|unit's serial number|factory number".split("|"),
    ),
    "date": (
        "生产日期 制造日期 出厂日期 出厂时间 生产时间 制造时间".split(),
        "manufacturing date|date of manufacture|production date|manufacture date|build date|date it was made".split(
            "|"
        ),
    ),
    "ip": (
        "IP地址 网络地址 IP 网络IP 设备IP ip地址".split(),
        "IP address|IP|network address|device's IP address|ip address".split("|"),
    ),
    "voltage": (
        "电压 额定电压 工作电压 供电电压 电压值".split(),
        "voltage|rated voltage|operating voltage|voltage rating|nominal voltage".split("|"),
    ),
    "power": (
        "功率 额定功率 电功率 功率值 标称功率".split(),
        "power|rated power|power rating|wattage|nominal power".split("|"),
    ),
    "current": (
        "电流 额定电流 工作电流 电流值 标称电流".split(),
        "current|rated current|current rating|operating current|amperage".split("|"),
    ),
    "frequency": (
        "频率 额定频率 工作频率 频率值".split(),
        "frequency|rated frequency|operating frequency|frequency rating".split("|"),
    ),
    "temperature": (
        "温度范围 工作温度 环境温度 使用温度 允许温度 工作温度范围".split(),
        "temperature range|operating temperature|ambient temperature|working temperature|permitted temperature".split(
            "|"
        ),
    ),
    "manufacturer": (
        "制造商 生产厂家 厂家 厂商 制造厂 生产商 生产企业 公司名称".split(),
        "manufacturer|maker|manufacturer's name|company name|producer|name of the maker".split("|"),
    ),
    "product": ("产品名称 设备名称 品名".split(), "product name|name of the product|equipment name".split("|")),
    "brand": ("品牌 商标 牌子".split(), "brand|brand name|trademark".split("|")),
    "weight": ("重量 净重 质量".split(), "weight|net weight|mass".split("|")),
    "ip_rating": (
        "防护等级 外壳防护等级 防水等级".split(),
        "protection class|degree of protection|ingress protection".split("|"),
    ),
    "speed": ("转速 额定转速".split(), "speed|rated speed|rotational speed".split("|")),
    "standard": ("执行标准 产品标准 标准号".split(), "standard|product standard|standard number".split("|")),
    "insulation": ("绝缘等级 绝缘级别".split(), "insulation class|class of insulation".split("|")),
    "supply": ("电源规格 供电规格 电源要求".split(), "power supply|supply rating|mains supply".split("|")),
    "input_voltage": (
        "输入电压 输入侧电压 额定输入电压".split(),
        "input voltage|rated input voltage|voltage of the input".split("|"),
    ),
    "output_voltage": (
        "输出电压 输出侧电压 额定输出电压".split(),
        "output voltage|rated output voltage|voltage of the output".split("|"),
    ),
}

# What is printed before the value: Chinese, English.
LABELS = {
    "model": (
        "型号|产品型号|型 号|规格型号|机型|设备型号".split("|"),
        "MODEL|Model|Type|TYPE|Model No.|MODEL NO.|Mod.|Model Name|Part No.".split("|"),
    ),
    "serial": (
        "编号 出厂编号 序列号 产品编号 机号 出厂号 机身号".split(),
        "S/N|SN|SERIAL NO.|Serial No.|Ser. No.|Serial Number|No.|SER.NO|S/No.".split("|"),
    ),
    "date": (
        "生产日期 出厂日期 制造日期 日期 出厂年月 制造年月".split(),
        "MFG DATE|Date|DATE|Mfg. Date|Manufactured|MFD|Prod. Date|Date of Mfg|Made".split("|"),
    ),
    "ip": ("IP地址 网络地址 IP 默认IP".split(), "IP|IP Address|IP ADDR|IP Addr.|Default IP|LAN IP|IPv4".split("|")),
    "voltage": (
        "电压 额定电压 工作电压 供电电压".split(),
        "VOLTAGE|Voltage|Rated Voltage|VOLT|Volts|U|Un|Rated Volt.".split("|"),
    ),
    "power": ("功率 额定功率 输出功率".split(), "POWER|Power|Rated Power|P|Pn|Rated Output".split("|")),
    "current": ("电流 额定电流 工作电流".split(), "CURRENT|Current|Rated Current|AMP|Amps|I|In|Rated Amp.".split("|")),
    "frequency": ("频率 额定频率 工作频率".split(), "FREQ|Frequency|FREQUENCY|Freq.|f|Rated Freq.".split("|")),
    "temperature": (
        "工作温度 环境温度 温度范围 使用温度".split(),
        "TEMP|Temp. Range|Ambient Temp.|Operating Temp.|Amb.|Ta|TEMP. RANGE|Temperature".split("|"),
    ),
    "manufacturer": (
        "制造商 生产厂家 制造厂 厂商 生产商 生产企业".split(),
        "Manufacturer|MANUFACTURER|Mfr.|Made by|Maker|MFR|Producer".split("|"),
    ),
    "brand": ("品牌 商标".split(), "Brand|BRAND".split("|")),
    "weight": ("重量 净重 质量".split(), "WEIGHT|Weight|Net Weight|Mass|WT.".split("|")),
    "ip_rating": ("防护等级 外壳防护".split(), "Protection|PROT.|Enclosure|Prot. Class|Protection Class".split("|")),
    "speed": ("转速 额定转速".split(), "SPEED|Speed|Rated Speed|n|RPM".split("|")),
    "standard": ("执行标准 标准 产品标准".split(), "Standard|STANDARD|Std.|STD".split("|")),
    "insulation": ("绝缘等级 绝缘".split(), "Ins. Class|INS.CL|Insulation|Ins.Cl.".split("|")),
    "supply": ("电源 供电电源 输入电源".split(), "SUPPLY|Power Supply|Mains|SOURCE|Supply".split("|")),
    "input_voltage": ("输入电压 输入".split(), "INPUT|Input Voltage|Input|INPUT VOLT.".split("|")),
    "output_voltage": ("输出电压 输出".split(), "OUTPUT|Output Voltage|Output|OUTPUT VOLT.".split("|")),
}

# {n} is the noun. Some wordings are kept for the test (splits.HELD_OUT_WORDINGS).
READ_ZH = (
    "{n}是什么？|{n}是多少？|{n}？|{n}?|{n}|请问{n}是什么？|请问{n}是多少?|请读出{n}。|请读一下{n}|"
    "读一下{n}。|读出{n}|告诉我{n}。|请告诉我{n}是什么。|"
    "帮我看一下{n}|帮我看看{n}是多少|帮我读一下{n}，谢谢。|这个{n}是什么？|这台设备的{n}是什么？|"
    "这台设备的{n}是多少?|这台机器的{n}是什么|设备的{n}是多少|"
    "铭牌上的{n}是什么？|铭牌上写的{n}是多少？|铭牌上{n}是什么|标签上的{n}是什么？|图中的{n}是什么？|"
    "图片里的{n}是多少？|图上{n}是多少|画面中的{n}是什么？|"
    "上面写的{n}是什么？|上面的{n}是多少?|你能看到{n}吗？是什么？|能读出{n}吗？读一下|我想知道{n}。|"
    "我要{n}|{n}写的是什么？|{n}写的是多少？|"
    "看一下{n}，是多少？|{n}一栏写的是什么？|{n}那一行写着什么？|麻烦看一下{n}是什么|"
    "麻烦你读一下{n}。|它的{n}是什么？|它的{n}是多少？|它{n}多少？|"
    "把{n}念给我听|把{n}念出来。|请把{n}报一下|报一下{n}|查一下{n}是什么|现在看到的{n}是什么？|"
    "请说出{n}。|{n}标的是多少？|这上面标的{n}是什么？|{n}是啥？|{n}是啥|{n}多少？"
).split("|")
READ_EN = (
    "What is the {n}?|What's the {n}?|{n}?|The {n}?|{n}|Read the {n}.|Read the {n}|Please read the "
    "{n}.|Tell me the {n}.|Tell me the {n}, please.|"
    "Can you read the {n}?|Could you read the {n}?|Could you tell me the {n}?|What {n} is printed on "
    "the label?|What {n} is shown?|What is the {n} on the nameplate?|"
    "What's the {n} on the plate?|What does the plate say for the {n}?|What does it say for the {n}?|"
    "Which {n} is on the label?|Give me the {n}.|Give me the {n} please|"
    "I need the {n}.|I need the {n}, please.|I would like to know the {n}.|Please tell me the {n} of "
    "this device.|What is the {n} of this device?|"
    "What is the {n} of this machine?|What is the {n} of this unit?|What is its {n}?|What's its {n}?|"
    "Its {n}?|what is the {n}|what's the {n}|read the {n} please|"
    "Look at the plate: what is the {n}?|In the picture, what is the {n}?|What is the {n} in this "
    "image?|Do you see the {n}? What is it?|Find the {n}.|"
    "Please find the {n} and read it.|Could you please look up the {n}?|Say the {n}.|Report the {n}.|"
    "Check the {n} for me.|What {n} does it have?|What {n} do you see?|"
    "Show me the {n}.|May I have the {n}?|The {n}, please.|What's written as the {n}?|How does the {n} read?"
).split("|")
FOLLOW_ZH = (
    "那{n}呢？|那{n}呢?|{n}呢？|{n}呢|还有{n}呢？|那{n}是多少？|那么{n}呢？|再看一下{n}|然后{n}呢？|"
    "那它的{n}呢？|还有{n}"
).split("|")
FOLLOW_EN = (
    "And the {n}?|and the {n}?|What about the {n}?|How about the {n}?|And its {n}?|Now the {n}.|And "
    "what is the {n}?|what about the {n}|Also the {n}, please.|And {n}?|The {n} too."
).split("|")

# Wordings of their own for some fields.
SPECIAL_ZH = {
    "date": (
        "什么时候生产的？|什么时候出厂的？|这台设备是哪天生产的？|是哪年生产的？请读出日期。|"
        "哪天制造的？|什么时候制造的"
    ).split("|"),
    "manufacturer": "谁生产的？|哪家公司生产的？|是哪个厂家的？|哪个公司制造的？|这是哪家厂的产品？|谁家的产品？".split(
        "|"
    ),
    "model": "这是什么型号？|什么型号？|是哪个型号？|什么型号的设备？".split("|"),
    "product": "这是什么设备？|这是什么产品？|这是什么？|铭牌是什么设备的？".split("|"),
    "voltage": "用多少伏的电？|电压多少伏？|要接多少伏的电？".split("|"),
    "power": "功率多大？|功率有多大？|多大功率？".split("|"),
    "current": "电流多大？|电流有多大？|多少安的电流？".split("|"),
    "frequency": "频率多少赫兹？|多少赫兹？".split("|"),
    "temperature": "能在多少度的环境下工作？|可以在什么温度下使用？|允许的温度是多少度？".split("|"),
    "ip": "设备的IP是多少？|IP是多少？|它的网络地址是什么".split("|"),
    "weight": "有多重？|它多重？".split("|"),
    "speed": "转速多少？|每分钟多少转？".split("|"),
}
SPECIAL_EN = {
    "date": "When was it made?|When was it manufactured?|When was this produced?|When was this device made?".split("|"),
    "manufacturer": (
        "Who made it?|Who made this?|Which company made this?|Who is the manufacturer?|Who manufactured "
        "it?|Who is the maker?"
    ).split("|"),
    "model": "Which model is this?|What model is it?|Which model is it?|What model is this?".split("|"),
    "product": "What device is this?|What product is this?|What kind of device is this?|What is this?".split("|"),
    "voltage": "How many volts?|What voltage does it need?|How many volts does it need?".split("|"),
    "power": "How much power does it have?|How powerful is it?|How many watts?".split("|"),
    "current": "How many amps?|How much current does it draw?|How many amperes?".split("|"),
    "frequency": "How many hertz?|At what frequency does it run?".split("|"),
    "temperature": (
        "At what temperatures can it work?|In which temperature range may it be used?|How hot or cold may it get?"
    ).split("|"),
    "ip": "What IP does it use?|Which IP address does it have?".split("|"),
    "weight": "How heavy is it?|How much does it weigh?".split("|"),
    "speed": "How fast does it turn?|How many revolutions per minute?".split("|"),
}

IS_ZH = (
    "{n}是{v}吗？|{n}是{v}吗?|{n}是不是{v}？|{n}是{v}对吗？|请问{n}是{v}吗？|铭牌上的{n}是{v}吗？|"
    "这台设备的{n}是{v}吗？|上面写的{n}是{v}吗|{n}写的是{v}吗？|{n}为{v}，对不对？|"
    "确认一下，{n}是{v}吗？|它的{n}是不是{v}？"
).split("|")
IS_EN = (
    "Is the {n} {v}?|Is {v} the {n}?|Does it say {v} for the {n}?|Is its {n} {v}?|is the {n} {v}|Is "
    "the {n} on the plate {v}?|The {n} is {v}, right?|Please check: is the {n} {v}?|Can you confirm "
    "that the {n} is {v}?|Is {v} printed as the {n}?|The {n} is {v}, isn't it?"
).split("|")
THERE_ZH = (
    "有{n}吗？|有没有{n}？|上面有{n}吗?|能看到{n}吗？|铭牌上有{n}吗？|图里有没有{n}？|标了{n}吗？|"
    "上面写了{n}吗？|看得到{n}吗？|有没有写{n}"
).split("|")
THERE_EN = (
    "Is there a {n}?|Is there a {n} on it?|Does it show a {n}?|Is a {n} printed?|Can you see a {n}?|"
    "Is any {n} given?|Is there any {n}?|Does the plate have a {n}?|"
    "is there a {n}|Do you see a {n}?"
).split("|")

YES = {"zh": "是", "en": "yes"}
NO = {"zh": "否", "en": "no"}
UNSEEN = {"zh": "看不到", "en": "not visible"}
NONE = {"zh": "没有", "en": "none"}

COLOURS = {  # name: (Chinese, English, RGB)
    "red": ("红色", "red", (215, 40, 35)),
    "green": ("绿色", "green", (30, 170, 60)),
    "blue": ("蓝色", "blue", (30, 90, 215)),
    "yellow": ("黄色", "yellow", (245, 205, 30)),
    "white": ("白色", "white", (240, 240, 236)),
    "black": ("黑色", "black", (28, 28, 30)),
}

PARTS = {  # name: (Chinese, English singular, plural)
    "circle": ("圆形", "circle", "circles"),
    "square": ("方块", "square", "squares"),
    "triangle": ("三角形", "triangle", "triangles"),
    "star": ("五角星", "star", "stars"),
    "nut": ("螺母", "nut", "nuts"),
    "bolt": ("螺栓", "bolt", "bolts"),
    "gear": ("齿轮", "gear", "gears"),
    "washer": ("垫圈", "washer", "washers"),
}
