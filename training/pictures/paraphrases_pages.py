"""Further wordings about medicines, photographs, signs, diagrams, invoices and tables, by a list's first one; `|` parts them."""

PAGES = {
    # Medicines
    "这是什么药？": "这药是什么？|盒子里是什么药？|帮我读药的名字|这盒子上的药名是什么？|我手上是什么药？|药盒上写着什么药名？",
    "What medicine is this?": (
        "What medicine do I have here?|Tell me what medicine this is.|What is the medicine in the box?|Which medicine do you see?|"
        "Read me the name of the drug.|What's the drug called?"
    ),
    "一天吃几次？": "每天吃几回？|一日服几次？|一天需要吃几次？|每天用几次？|一天服药几次？|每日服用次数是多少？",
    "How often a day?": (
        "How many times per day?|What is the number of doses a day?|How often do I have to take it?|How many doses a day?|"
        "How many times each day do I take this?|How often daily?"
    ),
    "饭前吃还是饭后吃？": "什么时间吃？|何时服用？|应该在饭前还是饭后吃？|服用时间是什么时候？|吃药的时间？|该饭前吃吗，还是饭后？|几时吃？",
    "Before or after meals?": (
        "At what time do I take it?|When must I take it?|When is it taken?|With meals, before or after?|Is it taken before food or after?"
    ),
    "怎么吃？": "怎样服用？|这药怎么服？|用量用法是什么？|如何服用？|应该怎么服用？|服法？|吃法是什么？",
    "How do I take it?": (
        "How to take it?|What is the dosage?|Dosage?|Instructions?|How do you take this medicine?|"
        "What are the instructions for taking it?|How should I use this medicine?|What are the directions for use?|Usage?"
    ),
    "什么时候过期？": (
        "到什么时候过期？|有效日期是哪天？|到期日是什么时候？|失效日期是哪天？|过期时间是？|还能用到哪天？|有效期截止到什么时候？|"
        "保质期到哪天？|几时过期？"
    ),
    "When does it expire?": (
        "When is the expiry date?|Use by which date?|What is the use-by date?|By when must I use it?|Expires when?|Use by when?|"
        "Until what date can I take it?|How long can I use it?"
    ),
    "要{m}吗？": "这个药要{m}吗？|需要{m}吗？|得{m}吗？|写的是{m}吗？",
    "是{m}吗？": "这个药是{m}吗？|需要{m}吗？|写的是{m}吗？|要求{m}吗？",
    "Do I take it {m}?": "Is it to be taken {m}?|Should it be taken {m}?|Am I to take it {m}?|Does it say {m}?|Shall I take it {m}?",
    # Photographs
    "图中有{n}吗？": (
        "图片里有{n}吗？|图片中有没有{n}？|画面里是否有{n}？|照片中是否能看到{n}？|是否有{n}？|这里面有{n}吗？|找得到{n}吗？|有{n}没有？|"
        "图像中存在{n}吗？|这张照片拍到{n}了吗？|画面上是否出现了{n}？|有没有拍到{n}？|附近有{n}吗？|能不能看见{n}？"
    ),
    "Is there {n} in the picture?": (
        "Is {n} in the image?|Does the photo show {n}?|Can {n} be seen here?|Is there {n} here?|Do you notice {n}?|"
        "Have you found {n}?|Is {n} present?|Does {n} appear in the picture?|Can you find {n}?|Is {n} part of the scene?|"
        "Does the camera see {n}?|Is there {n} in view?"
    ),
    "标签上写着什么？": "标签上有什么字？|念一下标签上的字。|标签内容是什么？|把标签读给我听|标签上面写了什么？|标签说的是什么？",
    "What is written on the label?": (
        "What text is on the label?|What are the words on the label?|Tell me what the label says.|Which words does the label carry?|"
        "What stands on the label?|Read out the label."
    ),
    # Labels of parcels and doors, signs
    "这是几号房间？": "房间号？|门牌号多少？|几号房？|房间号码是多少？|门上写的几号？",
    "Which room is this?": "What room is this?|Room number?|What's the number on the door?|Which number has the room?",
    "这是什么房间？": "房间叫什么？|门上写的是什么房间？|房间是干什么用的？|这里是什么地方？",
    "What is this room called?": "What's the room's name?|What room does the sign name?|What is written on the door?|What is the room for?",
    "这是谁的房间？": "谁在这里办公？|房间是谁的？|门上写的是谁？|这间办公室是谁的？",
    "Whose room is this?": "Who has this office?|Which name is on the door?|Who sits in here?|Whose door is it?",
    "警告牌上写的是什么？": (
        "牌子上写的是什么？|牌子上写着什么？|牌子说什么？|这块牌子是什么意思？读出来|标牌上写了什么？|提醒什么？|写的什么警告？|读一下牌子。"
    ),
    "What does the warning say?": (
        "What does the sign say?|What is on the sign?|Read the sign.|What is written on the sign?|What does this sign tell me?|"
        "What does it warn of?|Which warning is it?"
    ),
    "寄给谁的？": "给谁的？|包裹的收件人叫什么？|谁的快递？|送给谁？",
    "Who is it addressed to?": "Who is it for?|Who receives it?|Who is the parcel addressed to?|For whom is it?",
    "谁寄的？": "谁发的？|是谁寄来的？|寄出的人是谁？|寄件的叫什么？",
    "Who sent it?": "Who is it from?|From whom is it?|Whom does the parcel come from?|Who is sending this?",
    "寄到哪里？": "送到哪里？|地址写的哪里？|寄往什么地址？|往哪儿送？",
    "Where does it go?": "What's the address?|Where is it going?|Where to?|Where must I take it?",
    "包裹多重？": "多少公斤？|几公斤？|包裹有几公斤？",
    "How heavy is the parcel?": "What's the weight?|How many kilos?|Weight?",
    "几点开门？": "什么时候开门？|开放到几点？|营业时间是几点到几点？|几点到几点开放？|什么时间开？",
    "When is it open?": "What are the hours?|When does it open and close?|From when to when is it open?|At what hours is it open?",
    "电话是多少？": "打什么电话？|怎么打电话联系？|电话？|联系电话是几号？|号码多少？",
    "What's the phone number?": "Phone?|Which number do I call?|What number can I ring?|How can I phone them?",
    "快递单号是多少？": "单号多少？|单号是几？|运单的号码是多少？|物流单号是什么？",
    "What's the tracking number?": "Tracking number?|Which number does the parcel have?|What is it tracked by?",
    # Diagrams
    "{a}经过哪{n}个模块？": (
        "{a}路过哪{n}个模块？|{a}会经过哪{n}个方块？|{a}按顺序经过哪{n}个模块？|列出{a}经过的{n}个模块。|{a}一路经过哪{n}个模块？|"
        "{a}流经的{n}个模块是哪些？|{a}后面依次是哪{n}个模块？"
    ),
    "Which {n} modules does {a} pass through?": (
        "Which {n} modules does {a} visit?|Name the {n} blocks on the way of {a}.|What are the {n} modules behind {a}?|"
        "Which {n} boxes come after {a}, in order?|{a} goes through which {n} modules?|Tell me the {n} modules that {a} passes."
    ),
    "{a}经过哪些模块到{b}？": (
        "从{a}走到{b}要过哪些模块？|{a}和{b}中间隔着哪些模块？|{a}到{b}之间有什么？|{a}通过哪些模块才到{b}？|"
        "从{a}出发到{b}，中间有哪些模块？|{a}与{b}之间的模块是哪些？"
    ),
    "Which modules lie between {a} and {b}?": (
        "What lies between {a} and {b}?|Through which modules does {a} reach {b}?|Which boxes are on the way from {a} to {b}?|"
        "What is passed between {a} and {b}?|How does {a} get to {b}?|Name what is between {a} and {b}."
    ),
    "{a}之后是什么？": (
        "{a}后面是什么？|{a}接下来是什么？|{a}连到哪个模块？|{a}的箭头指到哪？|从{a}出来到哪个模块？|{a}的下一个是谁？|{a}送到哪里？|"
        "{a}下面一步是哪个模块？"
    ),
    "What comes after {a}?": (
        "What is next after {a}?|What does {a} feed?|What does {a} point to?|Which module follows {a}?|After {a}, what comes?|"
        "Where does {a} send its output?|What is the successor of {a}?|Which block does {a} lead to?|What's behind {a}?"
    ),
    "{a}指向哪些模块？": (
        "{a}分别连到哪些模块？|{a}后面分成哪几个模块？|{a}的箭头指到哪几个模块？|{a}送到哪些模块？|{a}下一步有哪几个？|从{a}分出去的有哪些？"
    ),
    "Which modules does {a} lead to?": (
        "What are the outputs of {a}?|Which modules follow {a}?|Where do the arrows from {a} go?|Which blocks does {a} point to?|"
        "What branches off from {a}?|Into what does {a} fork?"
    ),
    "{a}之前是什么？": (
        "{a}前面是什么？|谁连到{a}？|哪个模块连着{a}的输入？|什么指向{a}？|{a}从哪里来？|{a}的前一个模块是哪个？|到{a}之前是哪个模块？|"
        "{a}由哪个模块输入？"
    ),
    "What feeds {a}?": (
        "Which module feeds {a}?|What is before {a}?|Which block comes before {a}?|What points to {a}?|What precedes {a}?|"
        "From which module does {a} get its input?|Which module leads into {a}?|What is the predecessor of {a}?"
    ),
    "哪些模块指向{a}？": "哪几个模块连到{a}？|{a}由哪些模块输入？|{a}从哪些模块接收？|{a}的前一步有哪几个？|指到{a}的有哪些模块？",
    "Which modules feed {a}?": (
        "What are the inputs of {a}?|Which modules point to {a}?|What comes before {a}? Name all.|"
        "From which blocks does {a} get its inputs?|What leads into {a}?"
    ),
    "图中有几个模块？": "数一下模块有几个|方块一共几个？|模块总数是多少？|有多少个方块？|画了多少个模块？",
    "How many boxes are there?": (
        "How many blocks are there?|Number of boxes?|Tell me how many modules there are.|How many boxes can you count?|"
        "What is the number of blocks?"
    ),
    "有几个箭头？": "数一下箭头|箭头的数量是多少？|有几条连线？|一共几条箭头？|连接线有多少条？",
    "How many arrows are there?": (
        "Number of arrows?|How many arrows can you see?|How many links are drawn?|What is the number of arrows?|"
        "Tell me how many arrows there are.|How many lines join the boxes?"
    ),
    "从哪里开始？": (
        "最先是哪个模块？|开头是什么？|哪个模块在最前面？|第一步是什么？|起始模块是哪个？|首个模块叫什么？|流程第一个是什么？|由什么开始？|"
        "第一个方块是什么？|第一个方块里写着什么？|第一个环节是什么？|第一个是哪个模块？|排第一的是什么？|图中第一个模块叫什么？"
    ),
    "Where does it start?": (
        "What comes first?|Which block is first?|What is the first module?|What is the starting point?|Which box is at the start?|"
        "What does the flow start with?|Which is the first step?"
    ),
    "最后到哪里？": "最后一个方块是什么？|最后一个是哪个模块？|最末的模块是哪个？|结尾是什么？|哪个模块在最后？|最后一步是什么？|结束的模块是哪个？|流程最后一个是什么？|到什么为止？",
    "Where does it end?": (
        "What comes last?|Which block is last?|What is the last module?|What is the end point?|Which box is at the end?|"
        "What does the flow end with?|Which is the final step?|What is the final module?"
    ),
    "{a}直接连到{b}吗？": "{a}后面直接是{b}吗？|{a}连着{b}吗？|{b}紧跟着{a}吗？|{b}是{a}的下一个吗？",
    "Does {a} lead directly to {b}?": (
        "Is {a} connected to {b}?|Does {a} feed {b} directly?|Is {b} the next block after {a}?|Does the arrow from {a} go to {b}?"
    ),
    # Invoices
    "总金额是多少？": "要付多少钱？|总额是多少？|金额合计是多少？|应付多少？|账单总数是多少？|全部加起来多少钱？",
    "What is the total?": (
        "How much does it cost in total?|What is the amount to pay?|What must be paid?|The total, please.|"
        "What does everything cost?|Total?|How much is the bill?|What is the final amount?"
    ),
    "谁是销售方？": "哪家是卖方？|销售单位是哪家？|谁卖的？|开票公司是哪家？|发票是谁开的？|供货方是谁？",
    "Who is the seller?": "Who sells?|Which firm issued the invoice?|What is the seller's name?|Who wrote this invoice?|Name the seller.",
    "谁是购买方？": "买家是谁？|购货单位是哪家？|客户是谁？|发票抬头是谁？|卖给谁的？|付款的是哪家？|采购方叫什么？",
    "Who is the buyer?": (
        "Which company bought this?|Who has to pay?|What is the buyer's name?|Who is this invoice for?|Name the buyer.|Who gets the bill?"
    ),
    "是什么货币？": "哪种货币？|货币单位是什么？|用哪国的钱结算？|是人民币还是别的货币？|价格是什么币？",
    "Which currency is used?": (
        "What money is it in?|Which currency are the prices in?|What is it paid in?|The currency?|Name the currency."
    ),
    "有几个项目？": "列出了多少种商品？|清单上有几样？|一共有几行商品？|项目共几条？|有多少个明细？|货物有几种？|买的东西有多少种？",
    "How many items are listed?": (
        "How many things are on the invoice?|Number of items?|How many positions are there?|"
        "How many different goods were bought?|Count the items."
    ),
    "第{k}项是什么？": "第{k}个商品是什么？|清单第{k}行写的是什么？|第{k}样东西是什么？|列表里第{k}个是什么？",
    "What is item {k}?": (
        "Which item is number {k}?|What does line {k} say?|What was bought on line {k}?|Item {k}?|What is product {k}?"
    ),
    # Tables
    "{r}的{c}是多少？": (
        "{r}对应的{c}是多少？|查一下{r}的{c}|{r}这一行{c}写的是什么？|表里{r}的{c}写着多少？|看看{r}的{c}。|{r}的{c}是什么？|"
        "{c}那列{r}是什么？|告诉我{r}的{c}"
    ),
    "What is the {c} of {r}?": (
        "What's the {c} for {r}?|Tell me the {c} of {r}.|Which {c} does {r} have?|What is {r}'s {c}?|Look up the {c} of {r}.|"
        "What stands under {c} for {r}?|For {r}, what is the {c}?"
    ),
    "第{i}行第{j}列是多少？": "第{i}行、第{j}列的内容？|表格第{i}行第{j}列是什么？|第{j}列第{i}行是多少？",
    "What is in row {i}, column {j}?": (
        "What stands in row {i} and column {j}?|Tell me row {i}, column {j}.|Column {j} of row {i}?|The cell in row {i}, column {j}?"
    ),
    "{c}最大的是多少？": "{c}最多是多少？|最大的{c}是多少？|{c}这列里最大的数？|{c}的最高值？",
    "What is the largest {c}?": "What is the maximum {c}?|Which is the biggest {c}?|How high does {c} go?|Largest {c}?|Highest value under {c}?",
    "{c}最小的是多少？": "{c}最少是多少？|最小的{c}是多少？|{c}这列里最小的数？|{c}的最低值？",
    "What is the smallest {c}?": "What is the minimum {c}?|Which is the least {c}?|How low does {c} go?|Smallest {c}?|Lowest value under {c}?",
    "哪一个的{c}最大？": "谁的{c}最多？|哪一行的{c}最大？|{c}最高的是谁？|哪个{c}最大？",
    "Which has the largest {c}?": (
        "Who has the most {c}?|Where is {c} the highest?|What has the maximum {c}?|Which one is highest in {c}?"
    ),
    "{r}的{c}比{q}的大吗？": "{r}的{c}高于{q}吗？|{c}方面{r}比{q}大吗？",
    "Is the {c} of {r} larger than that of {q}?": "Is {r} above {q} in {c}?|Is the {c} higher for {r} than for {q}?",
    "第{j}列最大值是多少？": "第{j}列最大是多少？|第{j}列中最大的数是几？|第{j}列哪个数最大？|第{j}列的最高值是多少？",
    "What is the maximum of column {j}?": (
        "Maximum of column {j}?|Which number in column {j} is the largest?|What is the top value of column {j}?|How high does column {j} go?"
    ),
    "第{j}列最小值是多少？": "第{j}列最小是多少？|第{j}列中最小的数是几？|第{j}列哪个数最小？|第{j}列的最低值是多少？",
    "What is the minimum of column {j}?": (
        "Minimum of column {j}?|Which number in column {j} is the smallest?|What is the bottom value of column {j}?|"
        "How low does column {j} go?"
    ),
    "{r}和{q}的{c}加起来是多少？": (
        "{r}、{q}的{c}总和是多少？|把{r}和{q}的{c}相加|{r}加{q}的{c}等于多少？|{r}和{q}两个的{c}总共多少？|求{r}与{q}的{c}的和。"
    ),
    "What is the sum of the {c} of {r} and {q}?": (
        "What is the total {c} of {r} and {q}?|Add up the {c} of {r} and {q}.|Sum of {c} for {r} and {q}?|"
        "How much {c} do {r} and {q} have together?|The {c} of {r} and {q} in total?"
    ),
    "{k}单元格是多少？": "单元格{k}的值是多少？|{k}格写的什么？|{k}这一格是什么？|告诉我{k}的内容",
    "What is in cell {k}?": "What stands in {k}?|Tell me what is in {k}.|The content of {k}?|What value is in cell {k}?|{k}?",
    "{k}加{m}等于多少？": "{k}和{m}的和是多少？|把{k}和{m}相加|{k}跟{m}一共是多少？|{k}、{m}两格之和？",
    "What is {k} plus {m}?": "{k} plus {m}?|The sum of {k} and {m}?|What do {k} and {m} add up to?|{k} and {m} in total?",
    "选中的是哪个单元格？": "哪一格被选中？|选中了哪一格？|现在选的是哪个格子？|高亮的是哪一格？|活动单元格是哪个？",
    "Which cell is selected?": (
        "Which cell is framed?|What is the selected cell?|Which cell is highlighted?|On which cell is the cursor?|Name the active cell."
    ),
}
