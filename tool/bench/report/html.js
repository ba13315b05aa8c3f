/* SPDX-License-Identifier: GPL-2.0-only */
/* The page is complete without this: a button for the other theme, and tables unfolded for the printer. */
(function () {
	"use strict";
	var root = document.documentElement, button = document.getElementById("theme");
	var dark = window.matchMedia("(prefers-color-scheme: dark)").matches;

	function name() {
		button.textContent = dark ? "Light" : "Dark";
	}
	button.addEventListener("click", function () {
		dark = !dark;
		root.setAttribute("data-theme", dark ? "dark" : "light");
		name();
	});
	name();
	button.hidden = false;
	window.addEventListener("beforeprint", function () {
		document.querySelectorAll("details").forEach(function (d) { d.open = true; });
	});
})();
