from hemascope.engine.joint import Joint


class Lines:
    def __init__(self):
        self.shown, self.said = [], []

    def step(self, name, total=None):
        self.shown.append((name, total))

    def done(self, count, total=None, note=""):
        self.shown.append((count, total, note))

    def say(self, message):
        self.said.append(message)


def test_one_bar_shows_how_many_are_over_and_where_the_others_are():
    lines = Lines()
    joint = Joint(lines, "folds", 3)
    parts = [joint.part() for _ in range(3)]
    for number, part in enumerate(parts, start=1):
        part.step(f"fold {number}", 10)
    parts[0].done(4, 10, "epoch 4/5")
    assert lines.shown[0] == ("folds", 3)
    assert lines.shown[-1] == (0, 3, "fold 1 epoch 4/5, fold 2 and 1 more")
    parts[0].step("")
    joint.over(1)
    parts[1].done(2, 10)
    assert lines.shown[-1] == (1, 3, "fold 2 2/10, fold 3")
    parts[2].say("fold 3: done")
    assert lines.said == ["fold 3: done"]
