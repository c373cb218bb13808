// Looks once a minute whether the page has news, but never while somebody has something half typed in it.
"use strict";
setInterval(() => {
  const fields = [...document.querySelectorAll("textarea, input, select")];
  const isTouched = (field) =>
    field.type === "checkbox" || field.type === "radio" ? field.checked !== field.defaultChecked
      : field.options ? [...field.options].some((option) => option.selected !== option.defaultSelected)
      : field.value !== field.defaultValue;
  if (!fields.some(isTouched)) location.reload();
}, 60_000);
