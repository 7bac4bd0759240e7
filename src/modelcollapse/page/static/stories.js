// Prepared recipes with two sentences each.

import { byId, el } from "./dom.js";

export class Stories {
  /** @param told called with the story that is chosen */
  constructor(stories, told) {
    this.stories = stories;
    this.buttons = new Map();
    const items = stories.map((story) => {
      const button = el("button", { type: "button", class: "story", "data-story": story.id, onclick: () => told(story) }, el("span", { text: story.title }));
      this.buttons.set(story.id, button);
      return el("li", {}, button);
    });
    byId("stories").replaceChildren(...items);
  }

  /** The story of this id. */
  find(id) {
    return this.stories.find((story) => story.id === id) ?? null;
  }

  /** Mark the one that is told; none, where the recipe is the reader's own. */
  mark(id) {
    const story = this.find(id);
    for (const [other, button] of this.buttons) {
      if (other === id) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    }
    const button = this.buttons.get(id);
    const row = byId("stories");
    if (button && row.scrollWidth > row.clientWidth) {
      row.scrollLeft = button.offsetLeft - row.offsetLeft - (row.clientWidth - button.offsetWidth) / 2;
    }
    byId("story-text").textContent = story ? story.text : "A recipe of your own. Every change is in the link of this page.";
  }
}
