// Looks at pages in Chromium: `node page.cjs FOLDER NAME…` reads FOLDER/NAME.html, writes screenshots beside it, and exits 1
// when anything is wrong. A page that cannot be looked at is wrong.
"use strict";
const fs = require("fs");
const path = require("path");
const { chromium } = require("playwright-core");
const axe = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const [folder, ...names] = process.argv.slice(2);
let passed = 0;
const wrong = [];
function check(ok, what) {
  if (ok) {
    passed += 1;
  } else {
    wrong.push(what);
    console.log(`wrong: ${what}`);
  }
}

async function open(browser, name, options) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const asked = [];
  page.on("request", (request) => asked.push(request.url()));
  page.on("pageerror", (error) => wrong.push(`${name}: ${error}`));
  await page.goto(`file://${path.resolve(folder, `${name}.html`)}`);
  check(asked.every((url) => url.startsWith("file:")) && asked.length === 1, `${name}: asks for ${asked}`);
  return { context, page };
}

// Colours, structure, names: all rules of axe-core, with everything unfolded.
async function judged(page, label) {
  await page.evaluate(() => document.querySelectorAll("details").forEach((it) => { it.open = true; }));
  await page.evaluate(axe);
  const found = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
  for (const one of found.violations) {
    const serious = one.impact === "serious" || one.impact === "critical";
    const where = one.nodes.slice(0, 3).map((node) => node.target.join(" ")).join(", ");
    console.log(`${label}: ${one.impact}: ${one.id} at ${one.nodes.length} places: ${where}`);
    check(!serious, `${label}: ${one.id}: ${one.help}`);
  }
  check(found.passes.length > 10, `${label}: axe-core judged almost nothing`);
  console.log(`${label}: ${found.violations.length} violations, ${found.passes.length} rules passed`);
}

async function looked(browser, name, width, colorScheme) {
  const label = `${name}-${width}-${colorScheme}`;
  const viewport = { width, height: width > 700 ? 900 : 800 };
  const { context, page } = await open(browser, name, { viewport, colorScheme });
  await page.screenshot({ path: path.join(folder, `${label}.png`) });
  await judged(page, label);
  await page.screenshot({ path: path.join(folder, `${label}-whole.png`), fullPage: true });
  const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  check(over <= 0, `${label}: ${over} pixels wider than the screen`);
  await context.close();
}

// What is broken on purpose must be told: a faint colour, a button without a name, a picture without a text.
async function broken(browser, name) {
  const { context, page } = await open(browser, name, { viewport: { width: 1280, height: 900 }, colorScheme: "light" });
  await page.evaluate(() => {
    document.querySelector(".summary").style.color = "#ccc";
    document.querySelector("main").insertAdjacentHTML("beforeend", "<button></button><div role=img></div>");
  });
  await page.evaluate(axe);
  const found = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
  const ids = found.violations.map((one) => one.id);
  for (const id of ["color-contrast", "button-name", "role-img-alt"]) {
    check(ids.includes(id), `${name}: ${id} was broken on purpose, and is not told`);
  }
  await context.close();
}

async function worked(browser, name) {
  const { context, page } = await open(browser, name, { viewport: { width: 1280, height: 900 } });
  const all = await page.locator("[data-filter]").count();
  await page.fill("#filter", "no such thing on this page");
  check((await page.locator("[data-filter]:visible").count()) === 0, `${name}: the filter hides nothing`);
  await page.fill("#filter", "");
  check((await page.locator("[data-filter]:not([hidden])").count()) === all, `${name}: the filter stays`);
  const copy = page.locator("button[data-copy]:visible").first();
  if ((await copy.count()) > 0) {
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    await copy.click();
    await page.waitForFunction(() => [...document.querySelectorAll("button[data-copy]")].some((it) => it.textContent === "Copied"));
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    check(copied.startsWith("kubeproof "), `${name}: copied ${copied}`);
  } else {
    check((await page.locator(".finding pre").count()) === 0, `${name}: a finding has no copy button`);
  }
  // The keyboard reaches the skip link first, and it leads to the content.
  await page.goto(page.url().split("#")[0]);
  await page.keyboard.press("Tab");
  check(await page.evaluate(() => document.activeElement.className === "skip"), `${name}: Tab does not begin at the skip link`);
  await page.emulateMedia({ media: "print" });
  await page.pdf({ path: path.join(folder, `${name}.pdf`), format: "A4" });
  await context.close();

  const plain = await open(browser, name, { javaScriptEnabled: false });
  const shown = await plain.page.locator("h1, #findings, pre").allInnerTexts();
  check(shown.length >= 2, `${name}: without script there is nothing to read`);
  check((await plain.page.locator("button:visible, input:visible").count()) === 0, `${name}: a button without its script`);
  await plain.context.close();
}

(async () => {
  const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
  await broken(browser, names[0]);
  for (const name of names) {
    for (const width of [1280, 400]) {
      for (const scheme of ["light", "dark"]) {
        await looked(browser, name, width, scheme);
      }
    }
    await worked(browser, name);
  }
  await browser.close();
  console.log(`${passed} passed, ${wrong.length} failed`);
  process.exit(wrong.length === 0 && passed > 0 ? 0 : 1);
})().catch((error) => {
  console.log(`wrong: ${error}`);
  process.exit(1);
});
