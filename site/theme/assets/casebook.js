// Copy buttons of unified answers. Without JavaScript they stay hidden.
for (const button of document.querySelectorAll(".cb-copy")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const text = button.parentElement.querySelector(".cb-answer__text").innerText.trim();
    await navigator.clipboard.writeText(text);
    button.textContent = "已复制";
    setTimeout(() => { button.textContent = "复制答复"; }, 2000);
  });
}
