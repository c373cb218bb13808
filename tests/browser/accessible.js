// What can be checked by hand of a page's accessibility; answers with a list of faults in words.
() => {
  const faults = [];
  const shown = (element) => element.checkVisibility({ checkOpacity: false, checkVisibilityCSS: true });
  const nameOf = (field) => [
    field.getAttribute("aria-label"), field.title, field.textContent.trim(),
    ...[...(field.labels ?? [])].map((label) => label.textContent.trim()),
    ...(field.getAttribute("aria-labelledby") ?? "").split(" ").filter(Boolean).map((id) => document.getElementById(id)?.textContent.trim()),
  ].find(Boolean);
  for (const field of document.querySelectorAll("input:not([type=hidden]), select, textarea, button, a[href], progress, summary")) {
    const named = field.matches("select, textarea") ? field.labels.length > 0 : nameOf(field);
    if (!named) faults.push(`no name: ${field.outerHTML.slice(0, 120)}`);
  }
  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  for (const id of new Set(ids)) if (ids.filter((other) => other === id).length > 1) faults.push(`id twice: ${id}`);
  for (const label of document.querySelectorAll("label[for]")) {
    if (!document.getElementById(label.htmlFor)) faults.push(`label without its field: ${label.textContent}`);
  }
  if (!document.documentElement.lang) faults.push("no language");
  if (document.querySelectorAll("h1").length !== 1) faults.push("not one h1");

  const channels = (colour) => (colour.match(/[\d.]+/g) ?? []).map(Number);
  const luminance = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const groundOf = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const ground = channels(getComputedStyle(at).backgroundColor);
      if (ground.length === 3 || ground[3] === 1) return ground;
    }
    return [255, 255, 255];
  };
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    const disabled = element.closest(":disabled, .disabled, [aria-disabled=true], .visually-hidden, .visually-hidden-focusable, script, noscript");
    if (!own || disabled || !shown(element)) continue;
    const style = getComputedStyle(element);
    const [a, b] = [luminance(channels(style.color)), luminance(groundOf(element))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.6 && Number(style.fontWeight) >= 700);
    if (contrast < (large ? 3 : 4.5)) faults.push(`contrast ${contrast.toFixed(1)}: ${element.textContent.trim().slice(0, 40)} (${element.className})`);
  }
  return faults;
}
