// The editor's phrases where the CMS has none in Chinese, or others than those who write here use.
"use strict";

const PHRASES = {
  "app.header.content": "知识库",
  "app.header.workflow": "草稿与审核",
  "app.header.quickAdd": "新写一篇",
  "auth.login": "开始写作",
  "auth.loginWithForgejo": "使用公司的 Git 账号登录",
  "collection.sidebar.collections": "知识库",
  "collection.sidebar.searchAll": "找一篇……",
  "collection.collectionTop.newButton": "新写%{collectionLabel}",
  "collection.collectionTop.newButtonAriaLabel": "新写%{collectionLabel}",
  "collection.collectionTop.viewAsList": "排成列表",
  "collection.collectionTop.viewAsGrid": "排成卡片",
  "collection.entries.unpublishedHeader": "还没有发布的",
  "editor.editor.confirmLoadBackup": "上次没有存的修改还在这台电脑上。接着改吗？点“取消”就丢掉它，打开存过的那一份。",
  "editor.editor.onPublishingNotReady": "先把状态改成“可以发布”，再发布。",
  "editor.editorControl.field.optional": "可以不填",
  "editor.editorControl.field.widgetLabel": "%{widgetLabel}",
  "editor.editorControlPane.widget.required": "先写“%{fieldLabel}”",
  "editor.editorInterface.togglePreview": "打开或关闭检查",
  "editor.editorToolbar.backCollection": "返回“%{collectionLabel}”",
  "editor.editorToolbar.save": "保存草稿",
  "editor.editorToolbar.status": "%{status}",
  "editor.editorToolbar.statusInfoTooltipDraft": "这是草稿；写完以后改成“审核中”，审核的人就会看到。",
  "editor.editorToolbar.statusInfoTooltipInReview": "正在审核，不用做别的；还可以再改。",
  "editor.editorWidgets.list.add": "加%{item}",
  "editor.editorWidgets.object.expand": "展开",
  "editor.editorWidgets.object.collapse": "收起",
  "ui.settingsDropdown.account": "账号",
  "ui.toast.entrySaved": "草稿存好了",
  "ui.toast.onFailToPublishEntry": "没有发布：%{details}",
  "ui.toast.missingRequiredField": "先写标题，再保存",
  "workflow.workflow.workflowHeading": "草稿与审核",
  "workflow.workflow.newPost": "新写一篇",
  "workflow.workflow.description": "%{smart_count} 篇等待审核，%{readyCount} 篇可以发布",
  "workflow.workflow.dateFormat": "M月D日",
  "workflow.workflowList.inReviewHeader": "审核中",
  "workflow.workflowList.readyHeader": "可以发布",
  "workflow.workflowList.currentEntries": "%{smart_count} 篇",
  "workflow.workflowList.onPublishingNotReadyEntry": "先把卡片拖到“可以发布”，再发布。",
  "editor.editorToolbar.ready": "可以发布",
};

// The CMS's own phrases with ours in their places.
function withOurWords(phrases) {
  const own = structuredClone(phrases);
  for (const [path, text] of Object.entries(PHRASES)) {
    const names = path.split(".");
    const last = names.pop();
    let place = own;
    for (const name of names) place = place[name] ??= {};
    place[last] = text;
  }
  return own;
}
