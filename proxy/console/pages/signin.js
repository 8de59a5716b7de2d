// MLflow's own addresses lie behind the #, which no server sees: take them along.
if (location.hash) {
  for (const link of document.querySelectorAll("a.first")) {
    const there = new URL(link.href);
    there.searchParams.set("next", (there.searchParams.get("next") || "/") + location.hash);
    link.href = there;
  }
  const next = document.querySelector("[name=next]");
  if (next) next.value += location.hash;
}
