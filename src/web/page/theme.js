import { byId, setText } from "./dom.js";

const NEXT = { auto: "light", light: "dark", dark: "auto" };
const WORDS = { auto: "as the device", light: "light", dark: "dark" };

/** Light, dark, or as the device says; remembered on this device. */
export function createTheme() {
  let theme = remembered();
  show();
  byId("theme").addEventListener("click", () => {
    theme = NEXT[theme];
    try {
      localStorage.setItem("theme", theme);
    } catch {
      // A browser that keeps nothing still shows what was chosen.
    }
    show();
  });

  function show() {
    document.documentElement.dataset.theme = theme;
    setText(byId("theme-text"), `Colours: ${WORDS[theme]}`);
    byId("theme").title = `Colours: ${WORDS[theme]}`;
  }
}

function remembered() {
  try {
    const theme = localStorage.getItem("theme");
    return theme in NEXT ? theme : "auto";
  } catch {
    return "auto";
  }
}
