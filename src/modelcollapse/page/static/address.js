// The address bar: what a link says becomes the state, and what is chosen becomes the link.

import { currentToken, useToken } from "./api.js";
import { banner, clearBanner } from "./banner.js";
import { change, copy, link, read } from "./state.js";

export class Address {
  constructor(about, stories) {
    this.about = about;
    this.stories = stories;
  }

  /** Does the address say something of this page that is not yet shown? */
  isOurs() {
    return location.hash !== link(currentToken()) && /token|story|recipe|view|study/.test(location.hash);
  }

  /** Write the state into the address; a `step` can be undone by the browser's "back". */
  remember(step) {
    const fragment = link(currentToken());
    if (fragment === location.hash) return;
    history[step ? "pushState" : "replaceState"](null, "", fragment);
  }

  /** Take over what the address says; what it leaves open is the first story's. */
  follow() {
    const found = read(location.hash);
    if (found.token) useToken(found.token);
    const [first] = this.about.stories;
    const story = this.stories.find(found.story) ?? (found.recipe ? null : first);
    const recipe = found.recipe && !story ? { ...copy(this.about.default), ...found.recipe } : copy(story.recipe);
    change(
      {
        view: found.view ?? "lab",
        story: story?.id ?? "",
        recipe: this.filled(recipe),
        upload: found.upload ?? "",
        at: found.at ?? null,
        replicate: found.replicate ?? null,
        log: found.log || Boolean(story?.look?.log),
        study: found.study ?? "",
        plan: found.plan ?? null,
        fromLink: true,
      },
      "link",
    );
    if (found.unreadable || (found.story && !this.stories.find(found.story))) {
      banner("A part of this link cannot be read. The page shows what could be.", ["Close", clearBanner]);
    }
  }

  /** A recipe that leaves tables out has the default ones. */
  filled(recipe) {
    const whole = copy(this.about.default);
    for (const name of Object.keys(whole)) if (name in recipe) whole[name] = recipe[name];
    return whole;
  }
}
