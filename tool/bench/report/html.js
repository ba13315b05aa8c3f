/* SPDX-License-Identifier: GPL-2.0-only */
/* A button that switches the theme; all tables are opened for printing. The page is complete without this script. */
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
