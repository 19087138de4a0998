// Copy buttons of unified answers. Without JavaScript they stay hidden.
for (const button of document.querySelectorAll(".cb-copy")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const answer = button.parentElement.querySelector(".cb-answer__text");
    const done = await copy(answer.innerText.trim()) || select(answer);
    button.textContent = done === "copied" ? "已复制" : "请按 Ctrl+C";
    setTimeout(() => { button.textContent = "复制答复"; }, 2000);
  });
}

// The clipboard interface needs HTTPS or localhost; the old command works anywhere.
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return "copied";
  } catch {
    const field = document.body.appendChild(document.createElement("textarea"));
    field.className = "cb-hidden";
    field.value = text;
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    return done && "copied";
  }
}

// The last resort: the text is marked, the reader copies it.
function select(element) {
  getSelection().selectAllChildren(element);
  return "selected";
}
