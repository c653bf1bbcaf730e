// What the page runs in: whose phone, and whether it is a browser at all or a window inside another app.

export type System = "ios" | "android" | "other";
export type App = "wechat" | "qq" | "alipay" | "dingtalk" | "feishu" | "weibo" | "other";

export interface Host {
  system: System;
  /** The app in whose window the page is shown; null in a browser. */
  inApp: App | null;
}

// QQ's own browser calls itself MQQBrowser, and is one.
const apps: [App, RegExp][] = [
  ["wechat", /MicroMessenger|wxwork/i],
  ["qq", /\bQQ\/[\d.]+/],
  ["alipay", /AlipayClient|AliApp\(AP\//i],
  ["dingtalk", /DingTalk/i],
  ["feishu", /\bLark\/|Feishu/i],
  ["weibo", /Weibo/i],
  ["other", /BytedanceWebview|aweme|XiaoHongShu|discover\/[\d.]+|FBAN|FBAV|Instagram|Line\/|Bilibili|baiduboxapp|TikTok/i],
];

/** touches: how many fingers the screen feels; an iPad calls itself a Macintosh, which feels none. */
export function hostOf(agent: string, touches: number): Host {
  const system: System = /iPhone|iPad|iPod/.test(agent) || (agent.includes("Macintosh") && touches > 1) ? "ios" : /Android|HarmonyOS|OpenHarmony/.test(agent) ? "android" : "other";
  const named = apps.find(([, pattern]) => pattern.test(agent))?.[0];
  // What is neither named nor a browser: Android marks its web views, iOS leaves the word Safari out of theirs.
  const view = (system === "android" && /; wv\)/.test(agent)) || (system === "ios" && agent.includes("AppleWebKit") && !agent.includes("Safari/"));
  return { system, inApp: named ?? (view ? "other" : null) };
}
