"""Roads: generated OpenDRIVE maps, and RoadMap, the right-handed view of any OpenDRIVE map through carla.Map."""
