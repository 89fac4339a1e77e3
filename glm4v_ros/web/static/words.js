// The page's words. A key that a language lacks is a fault that test/web/test_words.py finds.

const WORDS = {
  en: {
    title: "Ask a picture",
    picture: "Picture", question: "Question", answers: "Answers",
    chooseFile: "Choose pictures", takePhoto: "Take a photo", liveCamera: "Live camera", capture: "Capture", close: "Close",
    dropHere: "Choose, paste or drop pictures here",
    noCamera: "The browser gives a live camera to HTTPS pages only",
    cameraDenied: "The camera cannot be used: {reason}",
    robotCameras: "Cameras", askAbout: "Ask about {name}",
    uploading: "sending ...", remove: "Remove {name}", show: "Show {name}",
    regionHelp: "Drag over the picture to ask about a part of it. Keys: R starts or ends a region, arrows move it, Shift and arrows resize it.",
    region: "Region {x}, {y}, {width} x {height}", clearRegion: "Whole picture",
    placeholder: "What do you want to know?", ask: "Ask", stop: "Stop", preset: "Preset", followUp: "Follow-up of the conversation", startOver: "New conversation",
    choices: "Choices, one a line: each gets its probability", needPicture: "Add a picture first", needQuestion: "Write a question first",
    queued: "waiting in the queue ...", encoding: "looking at the picture ...", prefill: "reading the question ...", answering: "answering ...", checking: "checking the print ...", asking: "asking ...",
    firstWord: "first word {seconds} s", total: "total {seconds} s", tokens: "{count} picture tokens",
    stopped: "stopped", abstained: "says that it cannot see this", cut: "cut at the length limit", asOf: "as of {time}", copy: "Copy", copied: "Copied",
    ready: "ready", notReady: "not ready", load: "{busy} of {capacity} places taken", wait: "about {seconds} s to wait", unreachable: "The server cannot be reached",
    demo: "The embedded model is for trying out. Answers are advice; a person decides.", advice: "Answers are advice; a person decides.",
    history: "History (in this browser only)", export: "Export as JSON", clearHistory: "Clear", noHistory: "nothing yet",
    key: "Key", login: "Log in", logout: "Log out", needKey: "This server asks for a key once.", language: "中文",
    evidence: "The picture that this answer is about", tooMany: "at most 16 pictures",
    gone: "the server has this picture no more",
    confirmed: "confirmed by a second reader", contradicted: "a second reader read otherwise",
    not_found: "a second reader did not find it", not_checked: "not checked",
  },
  zh: {
    title: "问图片",
    picture: "图片", question: "问题", answers: "回答",
    chooseFile: "选择图片", takePhoto: "拍照", liveCamera: "实时相机", capture: "拍下", close: "关闭",
    dropHere: "在此选择、粘贴或拖入图片",
    noCamera: "浏览器只对 HTTPS 页面开放实时相机",
    cameraDenied: "无法使用相机:{reason}",
    robotCameras: "相机", askAbout: "询问 {name}",
    uploading: "发送中 ...", remove: "移除 {name}", show: "显示 {name}",
    regionHelp: "在图片上拖动可只问一部分。按键:R 开始或取消区域,方向键移动,Shift 加方向键改变大小。",
    region: "区域 {x}, {y}, {width} x {height}", clearRegion: "整张图片",
    placeholder: "想知道什么?", ask: "提问", stop: "停止", preset: "预设", followUp: "接着这段对话", startOver: "新对话",
    choices: "选项,每行一个:各有其概率", needPicture: "请先添加图片", needQuestion: "请先写下问题",
    queued: "排队中 ...", encoding: "正在看图 ...", prefill: "正在读题 ...", answering: "正在回答 ...", checking: "正在核对文字 ...", asking: "正在提问 ...",
    firstWord: "首字 {seconds} 秒", total: "共 {seconds} 秒", tokens: "图片 {count} 个词元",
    stopped: "已停止", abstained: "模型说看不到", cut: "到长度上限为止", asOf: "时间 {time}", copy: "复制", copied: "已复制",
    ready: "就绪", notReady: "未就绪", load: "已占 {busy}/{capacity} 个位置", wait: "约需等待 {seconds} 秒", unreachable: "无法连接服务器",
    demo: "内置模型仅供试用。回答仅供参考,由人决定。", advice: "回答仅供参考,由人决定。",
    history: "历史(只存在此浏览器中)", export: "导出 JSON", clearHistory: "清空", noHistory: "暂无",
    key: "密钥", login: "登录", logout: "退出", needKey: "此服务器需要输入一次密钥。", language: "English",
    evidence: "此回答所依据的图片", tooMany: "最多 16 张图片",
    gone: "服务器已不再保存此图片",
    confirmed: "已由第二个识别器确认", contradicted: "第二个识别器读到的不同",
    not_found: "第二个识别器没有找到", not_checked: "未核对",
  },
};

const KEPT = "glm4v.language";

export function firstLanguage() {
  const kept = localStorage.getItem(KEPT);
  return kept in WORDS ? kept : /^zh\b/i.test(navigator.language) ? "zh" : "en";
}

export function keepLanguage(language) {
  localStorage.setItem(KEPT, language);
}

// The function that gives a word, its {places} filled in.
export function wordsOf(language) {
  return (key, values = {}) => WORDS[language][key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
}
