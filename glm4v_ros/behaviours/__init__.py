"""Leaves for behaviour trees (py_trees 2) that ask the node vqa and let the node tts speak.

They use plain py_trees: give ``tree.setup(node=node)`` a node of yours, or none. No tick waits for anything.
"""

from glm4v_ros.behaviours.answer_is import AnswerIs
from glm4v_ros.behaviours.ask_image import AskImage
from glm4v_ros.behaviours.say import Say

__all__ = ["AnswerIs", "AskImage", "Say"]
