"""Further wordings about plates, displays, gauges, lamps and parts, by a list's first one; `|` parts them."""

MACHINES = {
    # Nameplates and what else has fields
    "{n}是什么？": (
        "{n}到底是多少？|这里的{n}是多少？|请给出{n}|{n}的值是多少？|{n}的内容是什么？|牌子上的{n}是多少？|说一下{n}是什么|"
        "上面写着{n}是多少？|看得到{n}吗？读出来|看看{n}写的是什么|{n}这一项是什么？|{n}这栏写了什么？|这个设备{n}是多少？"
    ),
    "What is the {n}?": (
        "Can you tell me the {n}?|Do you know the {n}?|What {n} can you make out?|What {n} is given?|What {n} is written there?|"
        "Which {n} does it show?|The {n} on the plate?|What does it give as the {n}?|What is the {n} on the label?|Read out the {n}.|"
        "I want the {n}.|What is the {n} of the device?|Let me know the {n}.|Please give the {n}.|Which {n} is printed?|Look for the {n}."
    ),
    "And the {n}?": "And what's the {n}?|Then the {n}?|The {n}, too?|Now what is the {n}?",
    "那{n}呢？": "那{n}是什么？|接着看{n}|{n}又是多少？|再说一下{n}",
    "Is there a {n}?": "Is there a {n} on the plate?|Is a {n} shown?|Is a {n} written there?|Does it have a {n}?|Can a {n} be seen?",
    "有{n}吗？": "有写{n}吗？|是否有{n}？|上面能看到{n}吗？|牌子上有没有{n}？|印了{n}没有？|这里写了{n}吗？",
    "Is the {n} {v}?": (
        "Does the plate give {v} as the {n}?|Is {v} the right {n}?|Would you say the {n} is {v}?|Is it true that the {n} is {v}?"
    ),
    "{n}是{v}吗？": "{n}等于{v}吗？|{n}确实是{v}吗？|{n}标的是{v}吗？|{v}是它的{n}吗？",
    "什么时候生产的？": "哪一天出厂的？|哪一年造的？说日期|生产时间？|出厂是什么时候？|哪天生产的？|它是什么时候做的？",
    "When was it made?": "When was it built?|What date was it made?|Made when?|On which day was it made?|What day was it produced?",
    "谁生产的？": "厂家是谁？|谁做的？|谁制造的？|哪家公司做的？|哪个厂做的？|制造厂叫什么？|这是哪家公司的产品？|生产它的是哪家？",
    "Who made it?": (
        "Made by whom?|Who built this?|Which firm made it?|Which company is it from?|Who makes this?|Which company built this device?|"
        "Whose product is it?"
    ),
    "这是什么型号？": "型号叫什么？|它的型号是哪个？|设备是什么型号的？",
    "Which model is this?": "What's the model?|Model?|Which model do I have here?",
    "这是什么设备？": "是什么机器？|这台是什么？|铭牌说这是什么设备？",
    "What device is this?": "What machine is this?|What is this device called?|What does the plate say it is?",
    "用多少伏的电？": "几伏的？|多少伏？|是多少伏的？|接几伏的电源？",
    "How many volts?": "What's the voltage?|Volts?|On how many volts does it run?",
    "功率多大？": "多少瓦？|几千瓦的？|功率是几千瓦？|它有多大功率？",
    "How much power does it have?": "What's its power?|Watts?|What is it rated at, in watts?",
    "电流多大？": "多少安？|几安的？|电流几安培？|额定几安？",
    "How many amps?": "What's the current?|Amps?|How large is the current?",
    "频率多少赫兹？": "几赫兹？|用几赫兹的电？|频率是几赫兹？",
    "How many hertz?": "What's the frequency?|Hertz?|On which frequency does it work?",
    "能在多少度的环境下工作？": "适合什么温度？|几度到几度能用？|环境温度要求是多少？",
    "At what temperatures can it work?": "What temperatures does it stand?|From which to which temperature does it work?",
    "设备的IP是多少？": "IP多少？|它用的是哪个IP？|IP设的是多少？",
    "What IP does it use?": "What's its IP?|On which IP is it?",
    # Displays and gauges
    "显示的是多少？": "屏幕上的数是多少？|显示屏显示多少？|上面的数字是多少？|读数显示什么？|屏上写多少",
    "What does the display show?": (
        "What is on the display?|Which number is on the screen?|What is the value?|What does the panel show?|"
        "What number does it show?|What's the number?|The value, please."
    ),
    "{n}超过{v}了吗？": "{n}有{v}以上吗？|{n}超出{v}吗？|{n}在{v}之上吗？|{n}已经过了{v}吗？",
    "Is the {n} above {v}?": (
        "Is the {n} beyond {v}?|Is the {n} bigger than {v}?|Does the {n} lie above {v}?|Has the {n} passed {v}?|Is {v} less than the {n}?"
    ),
    "指针指到多少？": (
        "指针在什么位置？|表针指向多少？|这个仪表是多少？|表显示的数值是多少？|仪表上的读数是多少|表上的数是多少？|仪表现在多少？|读一读这个表|"
        "这块表显示几？|看看仪表到多少了"
    ),
    "What does the gauge read?": (
        "What does the instrument show?|What's the gauge at?|How high is the reading?|What is indicated?|What does the pointer show?|"
        "What value is shown on the gauge?|The reading?|Where does the needle stand?|Gauge reading, please."
    ),
    "这个表的单位是什么？": "表用的是什么单位？|刻度的单位是什么？|以什么单位计量？|读数是什么单位？|测量单位是什么？",
    "What is the unit?": (
        "What unit is it in?|Which unit is shown?|What is the gauge's unit?|Which units does it use?|What is it measured in?|"
        "The unit of the reading?|In what unit is the scale?"
    ),
    "量程是多少？": "表最大到多少？|刻度最大值是多少？|最高刻度是几？|上限是多少？|量程上限是多少？",
    "What is the full scale?": (
        "What is the range?|What is the last mark on the scale?|How much can it show at most?|What is the end of the scale?|"
        "What is the top of the scale?|Which is the largest number on the dial?|Where does the scale end?"
    ),
    # Lamps
    "哪个颜色的灯亮着？": "亮灯是哪种颜色？|点亮的灯什么颜色？|正在亮的灯是什么颜色？|发光的灯是什么颜色？|亮着哪个颜色？",
    "Which colour is lit?": (
        "What is the colour of the light that is on?|Which lamp colour is on?|What colour shines?|Which colour glows?|"
        "The colour of the lit one?|Which light is on? Say its colour."
    ),
    "有几个灯亮着？": (
        "亮着的灯有几个？|几个灯是亮的？|灯亮了几个？|点亮的有几盏？|亮着多少盏灯？|发光的灯有多少？|正在亮的灯有几个？|总共几个灯亮着？|"
        "总共亮了几盏？|一共有几盏灯是亮的？|亮着的一共几个？|一共几个灯在亮？"
    ),
    "How many lamps are lit?": (
        "How many lamps are glowing?|How many lights shine?|What is the number of lit lamps?|How many are on?|"
        "How many lights are lit up?|Tell me how many lamps are on.|Lit lamps: how many?"
    ),
    "一共有几个灯？": "灯共有多少个？|面板上共几盏灯？|指示灯一共多少个？|有多少盏灯，亮不亮都算？",
    "How many lamps are there?": (
        "How many lights in total?|Total number of lights?|How many lamps does the panel have?|How many indicators are there?"
    ),
    "有几个灯没亮？": "灭着的灯有几个？|不亮的灯有多少？|几个没亮？|暗着的灯有几盏？|关着的灯有几个？|有几盏灯熄了？",
    "How many lamps are off?": (
        "How many lamps are not on?|How many lamps are unlit?|How many lights are dark?|Number of lamps that are off?|How many do not glow?"
    ),
    "{c}灯亮着吗？": "{c}灯是亮的吗？|{c}灯有没有亮？|{c}灯开着吗？|{c}灯点亮了吗？|{c}那盏灯亮吗？",
    "Is the {c} lamp on?": (
        "Is the {c} lamp glowing?|Is the {c} light shining?|Does the {c} light shine?|Is the {c} lamp switched on?|"
        "Is the {c} light lit up?|Do you see the {c} lamp lit?"
    ),
    "哪个灯亮着？": "亮着的灯写着什么？|哪盏灯是亮的？|亮的是哪一个灯？|点亮的灯叫什么？",
    "Which lamp is on?": (
        "Which light is on?|What does the lit lamp say?|Name the lamp that is on.|Which one is lit?|What is the lit lamp called?"
    ),
    "And the {c} one?": "And is the {c} one on?|The {c} one?|How about the {c} one?",
    "那{c}灯呢？": "那{c}灯亮着吗？|{c}的灯呢？|{c}那个呢？",
    # Counting
    "有几个{p}？": "{p}一共有几个？|里面有几个{p}？|画面里有多少个{p}？|找找有几个{p}|照片上有几个{p}？",
    "How many {p} are there?": (
        "How many {p} can be seen?|How many {p} have you got?|The number of {p}, please.|How many {p} in all?|"
        "How many {p} lie there?|What is the count of {p}?"
    ),
    "那{p}呢？": "{p}又有几个？|再数数{p}|那么{p}呢？",
    "Are there any {p}?": "Can {p} be seen?|Are {p} there?|Do you spot any {p}?|Are any {p} visible?",
    "{p}是什么颜色？": "{p}呈什么颜色？|{p}的颜色？|{p}是哪种颜色？",
}
