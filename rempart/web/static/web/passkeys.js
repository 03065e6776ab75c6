// A passkey that fails or is cancelled is said on the page, in the reader's language.
document.addEventListener("allauth.error", () => {
  const problem = document.getElementById("passkey-problem");
  if (problem) problem.hidden = false;
});
