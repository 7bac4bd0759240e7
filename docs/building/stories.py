"""The page's stories, as it tells them."""

from modelcollapse.page.stories import STORIES


def stories() -> str:
    """A row a story: its name, and its two sentences."""
    rows = [f"| {story.title} | {story.text} |" for story in STORIES]
    return "\n".join(["| story | what it shows |", "|---|---|", *rows])
