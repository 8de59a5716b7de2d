// What mlgate adds to MLflow's own page.
(() => {
  // A call that is refused because the session has ended: load the page anew, which
  // leads to the sign-in page and back to the same place.
  const ended = (status, challenge) => {
    if (status === 401 && (challenge || "").startsWith("Session")) location.reload();
  };
  const fetch = window.fetch;
  window.fetch = async (...asked) => {
    const answer = await fetch(...asked);
    ended(answer.status, answer.headers.get("WWW-Authenticate"));
    return answer;
  };
  const send = XMLHttpRequest.prototype.send;
  XMLHttpRequest.prototype.send = function (...body) {
    this.addEventListener("load", () => ended(this.status, this.getResponseHeader("WWW-Authenticate")));
    return send.apply(this, body);
  };

  // The way to mlgate's own pages.
  addEventListener("DOMContentLoaded", () => {
    const link = document.createElement("a");
    link.id = "mlgate";
    link.href = "_gate/account";
    link.textContent = "Account and tokens";
    link.style.cssText = "position:fixed;right:12px;bottom:6px;z-index:9;padding:1px 8px;border-radius:4px;" +
      "font:12px system-ui,sans-serif;color:#fff;background:#2272b4;opacity:.85;text-decoration:none";
    document.body.append(link);
  });
})();
