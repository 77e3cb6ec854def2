/** Scroll the current page into sight in the navigation, which is one line on narrow screens. */

document.querySelector("#site-nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
